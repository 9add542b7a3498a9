"""What a text names: the values of a type that stand in it as whole words, in their normal forms.

A text is prose that a person wrote. What it names is found strictly: a value that might stand there by accident does
not (docs/provenance.md, the table of the normaliser). Version 1, with `normalise`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from remit_runtime.policy.normalise import (
    CURRENCIES,
    MONTHS,
    NUMBER,
    OBJECT_ID,
    day_of,
    folded,
    money_of,
    normal,
    number_of,
    plain,
    singular,
    words_of,
)

EMBEDDED = ("email", "url", "iban")
"""The types that are looked for inside a body: addresses, links and accounts."""

_EMAIL = re.compile(r"(?<![\w.%+@-])[\w.%+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK_END = r"[^\s<>\"`\\{}|^]*"
_URL = re.compile(
    rf"(?<![\w@])(?:[a-z][a-z0-9+.-]{{1,20}}:)?//(?=[^\s/]){_LINK_END}"
    rf"|(?<![\w@./-])www\.{_LINK_END}"
    rf"|(?<![\w@/.-])(?:[a-z0-9-]+\.)+[a-z]{{2,}}(?::[0-9]+)?/{_LINK_END}",
    re.IGNORECASE,
)
_CLOSING = ".,;:!?)]}>'*_~"
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}", re.IGNORECASE)
_QUOTED = re.compile(
    r"\"([^\"\n]{1,200})\"|“([^”\n]{1,200})”|„([^“”\n]{1,200})[“”]|«([^»\n]{1,200})»|`([^`\n]{1,200})`|(?<!\w)'([^'\n]{1,200})'(?!\w)"
)
_CURRENCY = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
_MONEY = re.compile(
    rf"(?<![\w.,])(?:(?:{_CURRENCY})\s?(?:{NUMBER})|(?:{NUMBER})\s?(?:{_CURRENCY}))(?!\w|[.,][0-9])"
)
_COUNTED = re.compile(
    rf"(?:(?<![^\W\d_])(?P<before>[^\W\d_]{{1,40}})[\s:=#]+)?(?<![\w.,:/-])(?P<number>{NUMBER})(?![\w:/-]|[.,][0-9])"
)
_NEXT = re.compile(r"\s?(?P<word>[^\W\d_]+|%)")
_MONTH = "|".join(f"{month}|{month[:3]}\\.?" for month in MONTHS)
_DAY = re.compile(
    r"(?<![\w.-])(?:[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}|[0-9]{1,2}\.\s?[0-9]{1,2}\.\s?[0-9]{4}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?\.?\s(?:of\s)?(?:{_MONTH}),?\s[0-9]{{4}}"
    rf"|(?:{_MONTH})\s[0-9]{{1,2}}(?:st|nd|rd|th)?,?\s[0-9]{{4}})(?![\w-])"
)
_LITTLE = (
    "a an and are as at be by do for from in into is it its new no not of off on or our out over so that the their"
    " then this to under up was we with you your"
)
_FUNCTION_WORDS = frozenset(_LITTLE.split())
_MEASURES = (
    "second minute hour day week month year ms sec min byte kb mb gb tb percent % cent euro dollar pound"
)
_UNITS = frozenset(_MEASURES.split())
_OPENING = "\"'`“”„«»([{<*_"
_ENDING = "\"'`“”«»)]}>,;:!?*_."


def named_in(text: str, kind: str) -> frozenset[str]:
    """The normal forms of the values of a type that a text names; not bare numbers, nor phrases."""
    text = unicodedata.normalize("NFKC", text)
    found = [normal(value, kind) for value in _values(text, kind)]
    return frozenset(value for value in found if value)


def counted_in(text: str) -> Iterator[tuple[str, str, str]]:
    """The bare numbers of a text, each with the word before and the word after it (folded, singular; or nothing)."""
    text = folded(text)
    for found in _COUNTED.finditer(text):
        number = number_of(found["number"])
        after = _NEXT.match(text, found.end())
        before = found["before"] or ""
        if number is not None and not _is_month(before):
            yield plain(number), singular(before), singular(after["word"]) if after else ""


def counts(text: str, number: str, words: frozenset[str]) -> bool:
    """Whether a text says a number of what one of some words names: beside it, and with no unit of another kind."""
    return any(
        one == number and (after in words or (before in words and after not in _UNITS))
        for one, before, after in counted_in(text)
    )


def phrase_in(text: str, phrase: str) -> bool:
    """Whether the words of a phrase (in its normal form) stand in a text, whole and in this order."""
    return bool(phrase) and _stands(normal(text, "text"), phrase) is not None


def names_record(text: str, key: str) -> bool:
    """Whether a text names a record by its key: between quotes, or spelled like a name.

    Like a name are a digit or a sign inside it (`report.docx`), and a capital that begins no sentence (`Q3 plan`, the
    `Minutes of Monday`). Plain words are not: anybody may call a file `please share`.
    """
    wanted = normal(key, "text")
    if not wanted:
        return False
    if any(normal(one, "text") == wanted for one in _quoted(text)):
        return True
    line = " ".join(unicodedata.normalize("NFKC", text).split())
    spans = re.finditer(rf"(?<!\w){re.escape(wanted)}(?!\w)", line, re.IGNORECASE)
    return any(_is_name(line, span) for span in spans)


def _is_name(line: str, span: re.Match[str]) -> bool:
    if re.search(r"[0-9._/#@-]", span[0]):
        return True
    capitals = re.finditer(r"(?<!\w)[^\W\d_]", span[0])
    return any(
        one[0].isupper() and not re.search(r"(?:^|[.!?:;]\s?)$", line[: span.start() + one.start()])
        for one in capitals
    )


def embedded_in(text: str) -> Iterator[tuple[str, str]]:
    """The addresses, links and accounts inside a body: (type, as it is spelled), in order of type."""
    text = unicodedata.normalize("NFKC", text)
    for kind in EMBEDDED:
        yield from ((kind, value) for value in dict.fromkeys(_values(text, kind)))


def checks(iban: str) -> bool:
    """Whether the check digits of an account number hold (ISO 13616-1, mod 97)."""
    rearranged = iban[4:] + iban[:4]
    return (
        15 <= len(iban) <= 34
        and iban.isascii()
        and iban.isalnum()
        and int("".join(str(int(c, 36)) for c in rearranged)) % 97 == 1
    )


def _is_month(word: str) -> bool:
    return len(word) >= 3 and any(month.startswith(word) for month in MONTHS)


def _stands(text: str, phrase: str) -> re.Match[str] | None:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text)


def _values(text: str, kind: str) -> Iterator[str]:  # noqa: C901 (one flat match over the types)
    match kind:
        case "email":
            yield from (one[0] for one in _EMAIL.finditer(text))
        case "url":
            yield from (one[0].rstrip(_CLOSING) for one in _URL.finditer(text))
        case "iban":
            yield from _ibans(text)
        case "money":
            yield from (one[0] for one in _MONEY.finditer(folded(text)) if money_of(one[0]) is not None)
        case "day":
            yield from (one[0] for one in _DAY.finditer(folded(text)) if day_of(one[0]) is not None)
        case "repository":
            yield from (one for one in _tokens(text) if re.fullmatch(r"[\w.-]+/[\w.-]+", one))
        case "branch":
            yield from (one for one in _tokens(text) if re.search(r"[0-9/_.-]", one))
            yield from (*_quoted(text), *_beside(text, "branch"))
        case "path":
            yield from (one for one in _tokens(text) if re.search(r"[/.]", one))
            yield from _quoted(text)
        case "channel":
            yield from (*_signed(text, "#"), *_quoted(text), *_beside(text, "channel"))
        case "user":
            yield from (*_signed(text, "@"), *_quoted(text), *_beside(text, "user"))
        case "secret":
            yield from (one for one in _tokens(text) if len(one) >= 6 and re.search(r"[^A-Za-z]", one))
            yield from _quoted(text)
        case _ if kind.startswith(OBJECT_ID):
            yield from _ids(text, kind.removeprefix(OBJECT_ID))
        case _:
            yield from _quoted(text)


def _tokens(text: str) -> Iterator[str]:
    for word in text.split():
        token = word.lstrip(_OPENING).rstrip(_ENDING)
        if token:
            yield token


def _quoted(text: str) -> Iterator[str]:
    for found in _QUOTED.finditer(text):
        yield next(group for group in found.groups() if group is not None)


def _signed(text: str, sign: str) -> Iterator[str]:
    yield from (token for token in _tokens(text) if token.startswith(sign) and len(token) > 1)


def _beside(text: str, word: str) -> Iterator[str]:
    """The words right before and after a word such as `branch`, but for those that hold a sentence together."""
    tokens = list(_tokens(text))
    for index, token in enumerate(tokens):
        if folded(token) == word:
            near = (*tokens[max(0, index - 1) : index], *tokens[index + 1 : index + 2])
            yield from (one for one in near if folded(one) not in _FUNCTION_WORDS)


def _ids(text: str, kind: str) -> Iterator[str]:
    yield from _quoted(text)
    for token in _tokens(text):
        bare = token.removeprefix("#")
        if (
            len(bare) >= 4
            and re.fullmatch(r"[\w.:/-]+", bare)
            and re.search(r"[0-9]", bare)
            and re.search(r"[^\W\d_]", bare)
        ):
            yield bare
    name = (
        r"[\s_-]*".join(re.escape(word) for word in sorted(words_of(kind), key=kind.casefold().find)) or "id"
    )
    label = rf"(?<!\w){name}s?\s*(?:(?:number|no|nr|id)\b\.?\s*)?[#:]?\s*(?P<id>\w(?:[\w.:/-]*\w)?)"
    for found in re.finditer(label, text, re.IGNORECASE):
        if re.search(r"[0-9]", found["id"]):
            yield found["id"]


def _ibans(text: str) -> Iterator[str]:
    """Every beginning of a possible account number that ends with a word and whose check digits hold."""
    for found in _IBAN.finditer(text):
        whole = found[0]
        for end in range(len(whole), 14, -1):
            following = text[found.start() + end : found.start() + end + 1]
            if following.isalnum() or not whole[end - 1].isalnum():
                continue
            if checks(normal(whole[:end], "iban")):
                yield whole[:end]
