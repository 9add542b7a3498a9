"""Diagnostics as workflow commands, which GitHub shows beside the lines of a pull request."""

from collections.abc import Iterator, Sequence

from remit.diagnostic import Diagnostic
from remit.report.plain import plain
from remit.report.text import place


def github_report(diagnostics: Sequence[Diagnostic]) -> str:
    """One workflow command a diagnostic, escaped as the commands of GitHub Actions are."""
    return "".join(
        f"::{found.severity} {_properties(found)}::{_data(_message(found))}\n" for found in diagnostics
    )


def _message(found: Diagnostic) -> str:
    return "\n".join(_lines(found))


def _lines(found: Diagnostic) -> Iterator[str]:
    yield plain(found.message)
    for note in found.notes:
        where = f"{place(note.span)}: " if note.span else ""
        yield f"note: {where}{plain(note.message)}"
    if found.help:
        yield f"help: {plain(found.help)}"


def _properties(found: Diagnostic) -> str:
    start, end = found.span.start, found.span.end
    properties = {
        "file": plain(found.span.path),
        "line": str(start.line),
        "endLine": str(end.line),
        "col": str(start.column),
        "endColumn": str(end.column),
        "title": f"{found.code} {found.name}",
    }
    return ",".join(f"{name}={_property(value)}" for name, value in properties.items())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
