"""Templates as they are tried: a state that offers two tools, and one file to include."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import pytest

from remit.prompt.evaluate import evaluated
from remit.prompt.segments import Place, Prompt, Template
from remit.prompt.values import Value

Evaluate = Callable[..., Prompt]
NAMES: Mapping[str, Value] = {
    "agent": {"id": "acme.reviewer", "version": "1.0.0", "purpose": "Review changes."},
    "tools": [
        {"id": "git.diff", "capability": "git.diff", "effect": "read", "description": "Shows a change."},
        {"id": "git.grep", "capability": "git.grep", "effect": "read", "description": ""},
    ],
    "handoffs": [],
}


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    """`evaluate(source, files, roots)`: the prompt of a template beside some files."""

    def go(
        source: str, files: Mapping[str, str] | None = None, roots: Collection[str] | None = None
    ) -> Prompt:
        given = files
        if given is None:
            given = {"tone.md": "Be brief.", "round.md": '{% include "prompt.md" %}', "prompt.md": source}

        def read(base: str, written: str, place: Place) -> Template | None:
            return Template(written, written, given[written]) if written in given else None

        return evaluated(Template("prompt.md", "prompt.md", source), NAMES, roots, read)

    return go
