"""Redaction: declared patterns and leased secrets are cut out of what is stored, shown and returned."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from remit_runtime.bundle.policy import RedactPattern
from remit_runtime.errors import BundleRejected
from remit_runtime.models.json_text import Json

# C0 and C1 but tab and newline, soft hyphen, zero width, bidi marks, overrides and isolates, variation selectors,
# byte order mark, tag characters: what a person does not see and a model reads.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)

Span = tuple[int, int, str]


@dataclass(frozen=True)
class Redactor:
    """What to cut: patterns by rule id, and exact values that were leased to the run."""

    patterns: tuple[tuple[str, re.Pattern[str]], ...] = ()
    values: tuple[tuple[str, str], ...] = ()

    def spans(self, text: str) -> list[Span]:
        """Where a rule matches: (start, end, rule id), sorted, with overlapping matches merged into the first.

        Each pattern is searched on its own: in one alternation a match would hide another that overlaps it, and
        the rest of the second secret would stay.
        """
        found = [
            (match.start(), match.end(), rule)
            for rule, pattern in self.patterns
            for match in pattern.finditer(text)
            if match.end() > match.start()
        ]
        found += [
            (match.start(), match.end(), rule)
            for rule, value in self.values
            if value
            for match in re.finditer(re.escape(value), text)
        ]
        merged: list[Span] = []
        for start, end, rule in sorted(found, key=lambda span: (span[0], -span[1], span[2])):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
            else:
                merged.append((start, end, rule))
        return merged

    def possible(self, text: str) -> Redactor:
        """What of this may match in one of the strings that `text` holds, one a line.

        A rule that does not match the whole cannot match a line of it, unless it looks at what stands around.
        """
        return Redactor(
            tuple(one for one in self.patterns if _looks_around(one[1].pattern) or one[1].search(text)),
            tuple(one for one in self.values if one[1] in text),
        )


@dataclass(frozen=True)
class Redacted:
    """A JSON value without what the rules cut, and the ids of the rules that cut, sorted."""

    value: Json
    rules: tuple[str, ...]


def load(patterns: Iterable[RedactPattern]) -> Redactor:
    """The redactor of a policy set.

    Raises:
        BundleRejected: a pattern is not a regular expression.
    """
    compiled: list[tuple[str, re.Pattern[str]]] = []
    for pattern in patterns:
        try:
            compiled.append((pattern.id, re.compile(pattern.regex)))
        except re.error as error:
            message = f"redaction pattern `{pattern.id}` is not a regular expression"
            raise BundleRejected("pattern_invalid", message) from error
    return Redactor(tuple(compiled))


def redacted(value: Json, redactor: Redactor) -> Redacted:
    """A JSON value with every match in every string, keys too, replaced by `[redacted:ID]`.

    Neighbouring strings of an array are searched as lines of one text, so that a secret of several lines is found
    when the lines stand apart.
    """
    texts: list[str] = []
    _gather(value, texts)
    possible = redactor.possible("\n".join(texts))
    if not possible.patterns and not possible.values:
        return Redacted(value, ())
    rules: set[str] = set()
    return Redacted(_walk(value, possible.spans, rules), tuple(sorted(rules)))


def shown(text: str) -> str:
    """Text for the eyes of a model or a person: every hidden character stands as `\\u{HEX}`."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(lambda match: f"\\u{{{ord(match.group()):x}}}", text)


def shown_json(text: str) -> str:
    """JSON text with every hidden character written as its `\\u` escape: the same value, and nothing unseen."""
    return _HIDDEN.sub(lambda match: json.dumps(match.group())[1:-1], text)


@lru_cache(maxsize=512)  # asked for every pattern at every text, and the patterns of a bundle are few
def _looks_around(pattern: str) -> bool:
    """Whether a match may hang on what stands before or after it: anchors, looks around, what never gives back.

    A class that begins with `^` is none of these.
    """
    return (
        re.search(r"[$^]|\\[AZ]|\(\?(?:<?[=!]|>|\()|[*+?}]\+", re.sub(r"(?<!\\)\[\^", "[", pattern))
        is not None
    )


def _gather(value: Json, texts: list[str]) -> None:
    """Every string of a value, keys too, in order; the strings of an array stand next to each other."""
    match value:
        case str():
            texts.append(value)
        case list():
            for item in value:
                _gather(item, texts)
        case dict():
            for key, item in value.items():
                texts.append(key)
                _gather(item, texts)
        case _:
            return


def _walk(value: Json, spans: Callable[[str], list[Span]], rules: set[str]) -> Json:
    match value:
        case str():
            return _cut([value], spans, rules)[0]
        case list():
            texts = [item for item in value if isinstance(item, str)]
            if len(texts) == len(value):
                return [*_cut(texts, spans, rules)]
            return [_walk(item, spans, rules) for item in value]
        case dict():
            return _object(value, spans, rules)
        case _:
            return value


def _object(value: dict[str, Json], spans: Callable[[str], list[Span]], rules: set[str]) -> dict[str, Json]:
    kept: dict[str, Json] = {}
    for key, item in value.items():
        name = shorter = _cut([key], spans, rules)[0]
        number = 2
        while name in kept:  # two secrets as keys must not become one entry
            name = f"{shorter}#{number}"
            number += 1
        kept[name] = _walk(item, spans, rules)
    return kept


def _cut(lines: Sequence[str], spans: Callable[[str], list[Span]], rules: set[str]) -> list[str]:
    """Each line with its part of every span replaced; spans are found in the lines joined by newlines."""
    found = spans("\n".join(lines))
    if not found:
        return list(lines)
    rules.update(rule for _, _, rule in found)
    kept: list[str] = []
    start = 0
    for line in lines:
        end = start + len(line)
        kept.append(
            _without(
                line,
                [
                    (max(a, start) - start, min(b, end) - start, r)
                    for a, b, r in found
                    if a < end and b > start
                ],
            )
        )
        start = end + 1
    return kept


def _without(line: str, spans: list[Span]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, rule in spans:
        pieces += [line[at:start], f"[redacted:{rule}]"]
        at = end
    return "".join([*pieces, line[at:]])
