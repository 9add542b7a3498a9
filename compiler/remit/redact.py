"""Secrets in text: found by the patterns of data classes, and masked in whatever is shown.

Every text of a repository is searched, so a pattern is first sought by the literal text with which its matches begin.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import log2
from typing import NamedTuple

from remit.diagnostic import Diagnostic
from remit.source import SourceFile, Sources, Span

MAX_BEGINNINGS = 16
LEAST_TRIES, CHARACTERS_PER_TRY = 20_000, 50
"""Places of one text at which one form is tried; a text with more was made to take time."""
MASK = "*"
_FAKE = "example"
"""What a made-up secret holds, in whatever case."""
_WITH_EXTENT = re.compile(r"[?*+{]")
_ATOM = re.compile(
    r"\\b|\(\?:(?P<words>[A-Za-z0-9_-]+(?:\|[A-Za-z0-9_-]+)*)\)|\[(?P<one_of>[A-Za-z0-9_]{1,8})\]"
    r"|(?P<plain>[A-Za-z0-9_@:/ -])|\\(?P<escaped>[.-])"
)


class SecretForm(NamedTuple):
    """A form of secrets: a pattern of a data class, and texts with one of which each of its matches begins.

    Without `beginnings` a match may begin with anything.
    """

    data_class: str
    id: str
    pattern: re.Pattern[str]
    beginnings: tuple[str, ...]


class Secret(NamedTuple):
    """A secret in a text: from `start` to `end`, and the form that it has."""

    start: int
    end: int
    form: SecretForm


def secret_form(data_class: str, name: str, pattern: str) -> SecretForm:
    """The form of secrets that a pattern describes.

    Raises:
        re.error: it is no regular expression.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sets that a later Python may read in another way
        return SecretForm(data_class, name, re.compile(pattern), beginnings_of(pattern))


def beginnings_of(pattern: str) -> tuple[str, ...]:
    """Texts of two characters or more with one of which every match of a pattern begins; none where that is unknown."""
    if _has_bare_choice(pattern):
        return ()
    found, at = [""], 0
    while atom := _ATOM.match(pattern, at):
        if _WITH_EXTENT.match(pattern, atom.end()):
            break
        longer = _choices(atom)
        if len(longer) > 1 and all(len(one) > 1 for one in found):
            break  # the shorter text finds all of them in one search
        if len(found) * len(longer) > MAX_BEGINNINGS:
            break
        found = [one + more for one in found for more in longer]
        at = atom.end()
    return tuple(found) if all(len(one) > 1 for one in found) else ()


def _choices(atom: re.Match[str]) -> Sequence[str]:
    if atom["words"] is not None:
        return atom["words"].split("|")
    if atom["one_of"] is not None:
        return [*atom["one_of"]] if "-" not in atom["one_of"] else [""]
    return [atom["plain"] or atom["escaped"] or ""]


def _has_bare_choice(pattern: str) -> bool:
    """Whether a `|` stands outside of every group, so that the beginning is only that of one side."""
    bare = re.sub(r"\\.", "", pattern)
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "", bare)
    while (inner := re.sub(r"\([^()]*\)", "", bare)) != bare:
        bare = inner
    return "|" in bare


def secrets_in(text: str, forms: Sequence[SecretForm]) -> Iterator[Secret]:
    """The secrets of a text, form by form, without those that are made up."""
    for form in forms:
        for start, end in _matches(text, form):
            if end > start and _FAKE not in text[start:end].lower():
                yield Secret(start, end, form)


def _matches(text: str, form: SecretForm) -> Iterator[tuple[int, int]]:
    if not form.beginnings:
        yield from (match.span() for match in form.pattern.finditer(text))
        return
    tries, most = 0, max(LEAST_TRIES, len(text) // CHARACTERS_PER_TRY)
    for beginning in form.beginnings:
        at = text.find(beginning)
        while at >= 0 and tries < most:
            tries += 1
            match = form.pattern.match(text, at)
            if match is not None:
                yield match.span()
            at = text.find(beginning, at + 1 if match is None else max(match.end(), at + 1))


# ---- values under keys that are named like a secret

_KEYS = ("token", "password", "passphrase", "secret", "api_key", "apikey", "private_key", "access_key")
_VALUE = re.compile(r"[\"']?\s*:\s*[\"']?([A-Za-z0-9+/=_~-]{20,})(?=[\"'\s,}\]]|$)")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_KINDS = tuple(re.compile(kind) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
LEAST_BITS = 3.5
"""Of information in a character of what was drawn by lot; words of English have less."""


def drawn_values(text: str) -> Iterator[tuple[int, int, str]]:
    """Where values stand that look drawn by lot, under a key that is named like a secret: start, end and key."""
    low = text.lower().replace("-", "_")
    for key in _KEYS:
        at = low.find(key)
        while at >= 0:
            end = at + len(key)
            value = _VALUE.match(text, end)
            if value is not None and _is_drawn(value[1]):
                yield (*value.span(1), text[at:end])
            at = low.find(key, end)


def _is_drawn(value: str) -> bool:
    if _FAKE in value.lower():
        return False
    is_mixed = all(kind.search(value) for kind in _KINDS) and _bits(value) >= LEAST_BITS
    return is_mixed or _HEX.fullmatch(value) is not None


def _bits(value: str) -> float:
    """The information in a character of a text by how often its characters are there (Shannon), in bits."""
    counts = Counter(value).values()
    return -sum(count / len(value) * log2(count / len(value)) for count in counts)


# ---- what is shown of a repository that holds secrets


@dataclass(frozen=True)
class Mask:
    """What is never shown: whatever has one of the forms, and these very texts."""

    forms: Sequence[SecretForm]
    texts: frozenset[str] = frozenset()

    def over(self, text: str) -> str:
        """The text with every character of a secret as an asterisk; line ends stay."""
        spans = [(found.start, found.end) for found in secrets_in(text, self.forms)]
        spans += [match.span() for one in self.texts for match in re.finditer(re.escape(one), text)]
        return _masked(text, spans) if spans else text

    def over_finding(self, one: Diagnostic) -> Diagnostic:
        """The finding without a secret in its words."""
        return one._replace(
            message=self.over(one.message),
            notes=tuple(note._replace(message=self.over(note.message)) for note in one.notes),
            help=None if one.help is None else self.over(one.help),
        )

    def over_sources(self, sources: Sources) -> Sources:
        """The same files to quote from, without a secret in them. Columns stay what they were."""

        @cache
        def find(path: str) -> SourceFile | None:
            source = sources(path)
            if source is None:
                return None
            lines = "\n".join(source.lines)
            return SourceFile(path, self.over(lines).encode(errors="replace"))

        return find


def mask_of(forms: Sequence[SecretForm], spans: Iterable[Span], sources: Sources) -> Mask:
    """The mask for a repository with these forms of secrets, in which the spans hold further ones."""
    texts = (_text_of(span, sources) for span in spans)
    return Mask(forms, frozenset(text for text in texts if text))


def _text_of(span: Span, sources: Sources) -> str:
    """The text of a span of one line, as it stands; of a longer one its first line."""
    source = sources(span.path)
    line = None if source is None else source.line(span.start.line)
    if line is None:
        return ""
    end = span.end.column - 1 if span.end.line == span.start.line else len(line)
    return line[span.start.column - 1 : end]


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, at = list[str](), 0
    for start, end in sorted(spans):
        start = max(start, at)
        if end > start:
            pieces += [text[at:start], re.sub(r"[^\r\n]", MASK, text[start:end])]
            at = end
    return "".join([*pieces, text[at:]])
