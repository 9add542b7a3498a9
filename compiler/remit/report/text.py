"""Diagnostics for people: the place, the message, the quoted line with a caret, notes, help, and a summary."""

from collections.abc import Callable, Iterator, Sequence

from remit.diagnostic import Diagnostic
from remit.report.plain import plain, width
from remit.source import Sources, Span, whole_file

MAX_QUOTE = 120
"""Code points of a quoted line; a longer one is cut around its caret."""

_COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "note": "\x1b[1;36m", "help": "\x1b[1;32m"}
_RESET = "\x1b[0m"

Paint = Callable[[str, str], str]
"""Gives a word the colour of its kind, or leaves it as it is."""


def text_report(
    diagnostics: Sequence[Diagnostic], sources: Sources, files: int, *, colour: bool, suppressed: int = 0
) -> str:
    """The diagnostics as people read them; ANSI colours only where asked for, which is on a terminal."""
    paint = _painted if colour else _unpainted
    blocks = ["".join(f"{line}\n" for line in _block(found, sources, paint)) for found in diagnostics]
    return "\n".join([*blocks, summary(diagnostics, files, suppressed) + "\n"])


def summary(diagnostics: Sequence[Diagnostic], files: int, suppressed: int = 0) -> str:
    """How much was found in how many files, as `2 errors, 1 warning in 5 files, 1 suppressed`."""
    kinds = [found.severity for found in diagnostics]
    counts = [_counted(kinds.count(kind), kind) for kind in ("error", "warning") if kind in kinds]
    hidden = f", {suppressed} suppressed" if suppressed else ""
    return f"{', '.join(counts) or 'no findings'} in {_counted(files, 'file')}{hidden}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _block(found: Diagnostic, sources: Sources, paint: Paint) -> Iterator[str]:
    kind = paint(found.severity, found.severity)
    yield f"{place(found.span)}: {kind} {found.code} {found.name}: {plain(found.message)}"
    yield from _quote(found.span, sources, paint, found.severity)
    for note in found.notes:
        where = f"{place(note.span)}: " if note.span else ""
        yield f"{paint('note', 'note')}: {where}{plain(note.message)}"
        if note.span:
            yield from _quote(note.span, sources, paint, "note")
    if found.help:
        yield f"{paint('help', 'help')}: {plain(found.help)}"


def place(span: Span) -> str:
    """Where a span begins, as `path:line:column`."""
    return f"{plain(span.path)}:{span.start.line}:{span.start.column}"


def _quote(span: Span, sources: Sources, paint: Paint, kind: str) -> Iterator[str]:
    """The line of a span with carets below it; nothing for a whole file, or a line that is empty or not there."""
    source = sources(span.path) if span != whole_file(span.path) else None
    line = source.line(span.start.line) if source else None
    if not line or not line.strip():
        return
    first = min(span.start.column - 1, len(line))
    last = span.end.column - 1 if span.end.line == span.start.line else len(line.rstrip())
    cut_before, cut_after = _window(len(line), first)
    before = ("…" if cut_before else "") + plain(line[cut_before:first])
    marked = plain(line[first : min(last, cut_after)])
    after = plain(line[max(first, min(last, cut_after)) : cut_after]) + ("…" if cut_after < len(line) else "")
    gutter = len(str(span.start.line)) + 1
    carets = paint(kind, "^" * max(1, width(marked)))
    yield f"{' ' * gutter}|"
    yield f"{span.start.line} | {before}{marked}{after}".rstrip()
    yield f"{' ' * gutter}| {' ' * width(before)}{carets}"


def _window(length: int, first: int) -> tuple[int, int]:
    """The part of a line to show: all of it, or `MAX_QUOTE` code points around the place that is meant."""
    if length <= MAX_QUOTE:
        return 0, length
    start = max(0, min(first - MAX_QUOTE // 3, length - MAX_QUOTE))
    return start, min(length, start + MAX_QUOTE)


def _painted(kind: str, word: str) -> str:
    return f"{_COLOURS[kind]}{word}{_RESET}"


def _unpainted(_kind: str, word: str) -> str:
    return word
