"""Diagnostics of every form, over files that hold what is hard to show."""

from typing import NamedTuple

import pytest

from remit.diagnostic import Diagnostic, Note, RulePage
from remit.source import Position, SourceFile, Sources, Span, span_at, whole_file

FILES = {
    "agents/a/agent.yaml": "kind: Agent\nspec:\n  tools: [git.lgo]\n\tname: caf\u00e9 \u6f22\u5b57 \u202ex\n".encode(),
    "policies/p, 100%: x.yaml": b"kind: Team\r\nkind: Policy\r\n",
    "tools/long.yaml": b"a: '" + b"x" * 400 + b"' # end\n",
    "tools/block.yaml": b"a: |\n  one\n  two\nb: 1\n",
}


class Report(NamedTuple):
    """What a report is made from."""

    diagnostics: tuple[Diagnostic, ...]
    sources: Sources
    rules: tuple[RulePage, ...]


def find(path: str) -> SourceFile | None:
    content = FILES.get(path)
    return None if content is None else SourceFile(path, content)


@pytest.fixture
def report() -> Report:
    """Findings with notes, help, neither, no file, a hostile name, a wide and a hidden character, a long line."""
    team = "policies/p, 100%: x.yaml"
    diagnostics = (
        Diagnostic(
            *("REF001", "undefined-reference", "error", span_at("agents/a/agent.yaml", 3, 11, 7)),
            *("there is no tool `git.lgo`", (), "did you mean `git.log`?"),
        ),
        Diagnostic(
            *("SYN007", "deceptive-text", "warning", span_at("agents/a/agent.yaml", 4, 16, 1)),
            "the text holds U+202E \u202e\x1b[31m\nand more",
        ),
        Diagnostic(
            *("SYN002", "duplicate-key", "error", span_at(team, 2, 1, 4), "key `kind` stands twice"),
            (Note("it stands here first", span_at(team, 1, 1, 4)), Note("one of them wins")),
            "keep one of the two",
        ),
        Diagnostic(
            "SYN003", "not-a-definition", "error", whole_file("policies/\x1b]0;x.yaml"), "the file is empty"
        ),
        Diagnostic(
            *("SCH003", "wrong-type", "error", Span("tools/block.yaml", Position(1, 4), Position(4, 1))),
            "expected an integer, found a string",
        ),
        Diagnostic("SCH004", "unknown-value", "error", span_at("tools/long.yaml", 1, 300, 5), "not a word"),
    )
    pages = (
        RulePage("REF001", "undefined-reference", "error", "A name that nothing has.", "# REF001\n\nWhy.\n"),
        RulePage("SYN002", "duplicate-key", "error", "A key that stands twice.", "# SYN002\n\nWhy.\n"),
    )
    return Report(diagnostics, find, pages)
