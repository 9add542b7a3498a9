"""`runs explain` and `runs trace`: a run answered for, and a run drawn in time."""

from __future__ import annotations

import argparse

from remit_runtime.cli import here
from remit_runtime.cli.bundles import source_map_of
from remit_runtime.journal.family import family_of
from remit_runtime.run.explain import explained_json, explained_text
from remit_runtime.run.show import places_of
from remit_runtime.run.timeline import drawn_json, drawn_text


def explain_run(arguments: argparse.Namespace) -> int:
    """Prints the answers to the fifteen questions about a run and its children."""
    with here.existing_runtime() as runtime:
        family = family_of(runtime.journal, arguments.run)
    places = places_of(source_map_of(family.started.bundle))
    text = explained_json if arguments.format == "json" else explained_text
    print(text(family, places))
    return 0


def trace_run(arguments: argparse.Namespace) -> int:
    """Prints the spans of a run and its children as a tree."""
    with here.existing_runtime() as runtime:
        family = family_of(runtime.journal, arguments.run)
    print(drawn_json(family) if arguments.format == "json" else drawn_text(family))
    return 0
