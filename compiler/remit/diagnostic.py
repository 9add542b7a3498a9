"""Diagnostics: what is wrong with somebody's definitions, as data, collected, sorted and rendered at the end."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from remit.source import Span

Severity = Literal["error", "warning"]


class Note(NamedTuple):
    """A second fact that explains a diagnostic, with its place where it has one."""

    message: str
    span: Span | None = None


class Edit(NamedTuple):
    """A safe correction: in the text of `span`, `new` stands for `old`, or for all of the scalar where `old` is empty.

    Where the span is empty too, `new` is put in. A correction is safe when nothing else can have been meant.
    """

    span: Span
    new: str
    old: str = ""


class Diagnostic(NamedTuple):
    """One finding: `code` and `name` are the rule's, `span` is the smallest text the author must edit.

    `message` is one lower-case sentence without a full stop; `help` says what to do next; `edits` do it.
    """

    code: str
    name: str
    severity: Severity
    span: Span
    message: str
    notes: tuple[Note, ...] = ()
    help: str | None = None
    edits: tuple[Edit, ...] = ()

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """The order of every report, a total one: path, line, column, code, then message."""
        return (self.span.path, self.span.start.line, self.span.start.column, self.code, self.message)


class Suppressed(NamedTuple):
    """A finding that is not reported: somebody answers for it up to and with the day `expires` (ISO 8601)."""

    found: Diagnostic
    reason: str
    owner: str
    expires: str


class Fault(NamedTuple):
    """What a reader, a parser or the linker found wrong, as data; the rule of its `kind` words it.

    `subject` is the word at fault, `expected` the words that would be right, `other` the place of the cause
    where it lies elsewhere, `correction` the only word that can have been meant, `notes` the way that shows it.
    """

    kind: str
    span: Span
    subject: str = ""
    expected: tuple[str, ...] = ()
    other: Span | None = None
    correction: str = ""
    notes: tuple[Note, ...] = ()


class RulePage(NamedTuple):
    """What a report may say of the rule behind a diagnostic; `markdown` is its page in docs/rules."""

    code: str
    name: str
    severity: Severity
    summary: str
    markdown: str


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings sorted by place, each once."""
    # Two that differ only in what `sort_key` leaves out still need one order, and notes and help may be None.
    return tuple(sorted(set(diagnostics), key=lambda found: (found.sort_key, repr(found))))


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` most likely means, or None when none is near enough.

    The order of the candidates does not matter. A difference of case, or of `_` for `-`, is always near.
    """
    best: tuple[float, str] | None = None
    for candidate in sorted(set(candidates)):
        if candidate == word:
            continue
        nearness = _nearness(word, candidate)
        if nearness >= 0.6 and (best is None or nearness > best[0]):
            best = (nearness, candidate)
    return best[1] if best else None


def only_slip(word: str, candidates: Iterable[str]) -> str:
    """The one candidate that `word` is a slip of the hand away from; empty where there is none, or more than one."""
    meant = [one for one in set(candidates) if one != word and _is_slip(_plain(word), _plain(one))]
    return meant[0] if len(meant) == 1 else ""


def _is_slip(word: str, other: str) -> bool:
    return word == other or _one_slip(word, other)


def _nearness(word: str, candidate: str) -> float:
    plain, other = _plain(word), _plain(candidate)
    if plain == other:
        return 2.0
    if _one_slip(plain, other):
        return 1.5
    from difflib import SequenceMatcher  # only a run that has a finding pays for it

    # The ratio is not symmetric in its arguments; the larger of both does not depend on their order.
    return max(SequenceMatcher(None, plain, other).ratio(), SequenceMatcher(None, other, plain).ratio())


def _plain(word: str) -> str:
    return word.casefold().replace("-", "_")


def _one_slip(word: str, other: str) -> bool:
    """Whether one typing slip (a letter added, lost, changed, or two swapped) makes one word of the other."""
    if min(len(word), len(other)) < 3 or abs(len(word) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(word), len(other)) and word[start] == other[start]:
        start += 1
    rest, other_rest = word[start:], other[start:]
    swapped = other_rest[1:2] + other_rest[:1] + other_rest[2:]
    return rest == swapped or rest[1:] == other_rest[1:] or rest[1:] == other_rest or rest == other_rest[1:]
