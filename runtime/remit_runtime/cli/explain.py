"""`runs explain`, `runs trace`, `traces send`: a run answered for, drawn in time, and sent to its receiver."""

from __future__ import annotations

import argparse
import json

from remit_runtime.cli import here
from remit_runtime.cli.bundles import source_map_of
from remit_runtime.errors import UsageError
from remit_runtime.journal.family import family_of
from remit_runtime.run.explain import explained_json, explained_text
from remit_runtime.run.show import places_of
from remit_runtime.run.timeline import drawn_json, drawn_text
from remit_runtime.trace.export import Untraced
from remit_runtime.trace.spool import send_all


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


def send_traces(arguments: argparse.Namespace) -> int:
    """Sends the spans that wait in the spool; 1 when some still do.

    Raises:
        UsageError: no receiver is configured, or the extra is not installed.
    """
    with here.existing_runtime() as runtime:
        if isinstance(runtime.exporter, Untraced):
            raise UsageError("trace_unavailable", f"no trace can be sent: {runtime.exporter.reason}")
        sent = send_all(runtime.journal, runtime.home, runtime.exporter)
    if arguments.format == "json":
        print(json.dumps({"version": 1, "spans": sent.spans, "waiting": list(sent.waiting)}))
    else:
        print(f"{sent.spans} spans sent")
        for run in sent.waiting:
            print(f"{run}  waits: the receiver did not take its spans")
    return 1 if sent.waiting else 0
