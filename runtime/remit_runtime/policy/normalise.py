"""The normal form of a value by its type: two values of a type are the same where their normal forms are.

Version 1. One function, versioned because evidence and recorded digests depend on it (docs/provenance.md). It is
idempotent and total: what is not of the type's form gets the form of plain text.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any

VERSION = 1

OBJECT_ID = "object-id:"
_MONTH_NAMES = "january february march april may june july august september october november december"
_CODES = "eur usd gbp chf jpy sek nok dkk pln czk huf inr cny aud cad nzd brl zar"
_SIGNS = {
    "€": "EUR",
    "$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "euro": "EUR",
    "euros": "EUR",
    "dollar": "USD",
    "dollars": "USD",
    "pound": "GBP",
    "pounds": "GBP",
}
MONTHS = tuple(_MONTH_NAMES.split())
CURRENCIES = {**{word: word.upper() for word in _CODES.split()}, **_SIGNS}
"""The words and signs of currencies in prose, folded, and their ISO 4217 codes."""
NUMBER = r"[0-9]{1,3}(?:[,.' ][0-9]{3})+(?:[,.][0-9]{1,2})?|[0-9]+(?:[,.][0-9]+)?"

_CURRENCY = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
_MONEY = re.compile(
    rf"(?P<sign>-?)(?:(?P<before>{_CURRENCY})\s?(?P<one>{NUMBER})|(?P<two>{NUMBER})(?:\s?(?P<after>{_CURRENCY}))?)"
)
_GROUPED = re.compile(r"[0-9]{1,3}(?:([,.' ])[0-9]{3})(?:\1[0-9]{3})*(?:[,.][0-9]{1,2})?")
_MONTH = "|".join(f"{month}|{month[:3]}\\.?" for month in MONTHS)
_DAYS = (
    re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})"),
    re.compile(r"(?P<d>[0-9]{1,2})\.\s?(?P<m>[0-9]{1,2})\.\s?(?P<y>[0-9]{4})"),
    re.compile(rf"(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?\.?\s(?:of\s)?(?P<m>{_MONTH}),?\s(?P<y>[0-9]{{4}})"),
    re.compile(rf"(?P<m>{_MONTH})\s(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,?\s(?P<y>[0-9]{{4}})"),
)
_ROUNDS = 16
_LARGE = 2**64


def normal(value: Any, kind: str) -> str:
    """The normal form of a scalar as a value of a type. Never raises; applied again it changes nothing."""
    text = spelled(value)
    for _ in range(_ROUNDS):
        again = _once(text, kind)
        if again == text:
            break
        text = again
    return text


def same(one: Any, other: Any, kind: str) -> bool:
    """Whether two scalars are one value of a type."""
    return normal(one, kind) == normal(other, kind)


def spelled(value: Any) -> str:
    """A scalar as text: numbers as plain decimals without trailing zeros, `true` and `false`, a string as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < _LARGE else hex(value)
    if isinstance(value, float) and value - value == 0:  # finite
        return plain(Decimal(repr(value)))
    return f"{type(value).__name__}"


def plain(number: Decimal) -> str:
    """A decimal without exponent, sign of zero and trailing zeros, exactly."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def folded(text: str) -> str:
    """Text in Unicode NFKC and without case (Unicode 3.13, toNFKC_Casefold without its removals)."""
    if text.isascii():
        return text.lower()
    for _ in range(_ROUNDS):
        again = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        if again == text:
            break
        text = again
    return text


def is_plain(value: Any) -> bool:
    """Whether a value is spelled in its own NFKC form: what is not may reach something else than it shows."""
    return not isinstance(value, str) or value.isascii() or unicodedata.is_normalized("NFKC", value)


def number_of(text: str) -> Decimal | None:
    """The number that digits with separators spell: `1,250.00` and `1.250,00` and `1250`; None for anything else.

    A single `.` before three digits is a decimal point, a single `,` there is a thousands separator.
    """
    text = text.strip()
    if re.fullmatch(rf"-?(?:{NUMBER})", text) is None:
        return None
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    grouped = _GROUPED.fullmatch(digits)
    decimal_point = grouped is not None and grouped[1] == "." and digits.count(".") == 1 and "," not in digits
    if grouped is not None and not decimal_point:
        whole, point, rest = _split(digits, grouped[1])
        digits = re.sub("[,.' ]", "", whole) + (f".{rest}" if point else "")
    else:
        digits = digits.replace(",", ".")
    return Decimal(sign + digits) if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", digits) else None


def money_of(text: str) -> tuple[Decimal, str | None] | None:
    """An amount and its currency (ISO 4217), where one is said; None for what is no money."""
    found = _MONEY.fullmatch(folded(text).strip())
    if found is None:
        return None
    amount = number_of(found["one"] or found["two"])
    currency = found["before"] or found["after"]
    if amount is None:
        return None
    return (-amount if found["sign"] else amount), (CURRENCIES[currency] if currency else None)


def day_of(text: str) -> date | None:
    """The day that a text spells in one of the forms that mean one day only; None for any other."""
    text = folded(text).strip()
    for form in _DAYS:
        found = form.fullmatch(text)
        if found is not None:
            month = found["m"]
            number = int(month) if month.isdigit() else _month(month)
            try:
                return date(int(found["y"]), number, int(found["d"]))
            except ValueError:
                return None
    return None


def words_of(name: str) -> frozenset[str]:
    """The words of a name in the singular: `timeoutSeconds` and `timeout_seconds` are timeout and second."""
    parts = re.split(r"[^0-9A-Za-z]+|(?<=[a-z])(?=[A-Z])", name)
    return frozenset(singular(part.casefold()) for part in parts if part)


def singular(word: str) -> str:
    """A word without the `s` of its plural."""
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


def _once(text: str, kind: str) -> str:  # noqa: C901 (one flat match over the types)
    if kind == "secret":
        return text
    text = text if text.isascii() else unicodedata.normalize("NFKC", text)
    match kind:
        case "email":
            return folded(text).strip().removeprefix("mailto:")
        case "iban":
            return re.sub(r"[\s-]", "", text).upper()
        case "url":
            return _url(text.strip())
        case "repository":
            return folded(text).strip().removesuffix(".git")
        case "branch":
            return text.strip().removeprefix("refs/heads/")
        case "path":
            return re.sub(r"/{2,}", "/", text.strip().replace("/./", "/")).removeprefix("./")
        case "channel":
            return folded(text).strip().removeprefix("#")
        case "user":
            return folded(text).strip().removeprefix("@")
        case "money":
            money = money_of(text)
            return (
                _text(text)
                if money is None
                else " ".join((plain(money[0]), *([money[1]] if money[1] else [])))
            )
        case "day":
            found = day_of(text)
            return _text(text) if found is None else found.isoformat()
        case _ if kind.startswith(OBJECT_ID):
            return text.strip()
        case _:
            return _text(text)


def _text(text: str) -> str:
    return " ".join(folded(text).split())


def _url(text: str) -> str:
    """Without `http(s)`, `www.`, default port and last `/`; the host without case, the rest as it is (RFC 3986 §6)."""
    rest = re.sub(r"^(?:https?://)", "", text, flags=re.IGNORECASE)
    end = min((rest.find(sign) for sign in "/?#" if sign in rest), default=len(rest))
    host, path = rest[:end], rest[end:]
    host = re.sub(r":(?:80|443)$", "", folded(host).removeprefix("www."))
    return host + (path.removesuffix("/"))


def _split(digits: str, separator: str) -> tuple[str, bool, str]:
    """The whole and the fractional digits of a grouped number: another separator at the end begins the fraction."""
    found = re.fullmatch(r"(?P<whole>.*)[,.](?P<rest>[0-9]{1,2})", digits)
    if found is None or separator not in found["whole"]:
        return digits, False, ""
    return found["whole"], True, found["rest"]


def _month(word: str) -> int:
    return next(
        index for index, month in enumerate(MONTHS, start=1) if month.startswith(word.rstrip(".")[:3])
    )
