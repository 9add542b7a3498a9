"""Plain scalars: the value that the YAML 1.2 core schema gives them (section 10.3.2), and who would read another.

Many tools still read YAML 1.1, where `no` is false and `012` is ten. A definition must mean the same to all of its
readers, so a plain scalar on which the two versions differ is a fault and wants quotes.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

MAX_NUMBER_LENGTH = 40
"""Characters in a number; no quantity in a definition needs more, and longer ones are slow to convert."""
MAX_EXPONENT = 99

_SAME = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TRUTH_1_1 = frozenset(
    [*("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), *("n", "N", "no", "No", "NO", "off", "Off", "OFF")]
)
SPECIAL = frozenset(_SAME) | _TRUTH_1_1 | {"<<", "="}
"""Words that are not, or not to everybody, the text they look like."""
NUMERIC = frozenset("0123456789+-.")
"""What a plain scalar begins with where it may be a number or a date."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FRACTION = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE](?P<exponent>[-+]?[0-9]+))?")

# Where the YAML 1.1 type repository (bool, int, float, timestamp) reads a plain scalar otherwise than the core
# schema does: the form, and what YAML 1.1 makes of it.
_MISREADINGS = (
    (re.compile(r"[-+]?0[0-7_]+"), "a number in base 8"),
    (re.compile(r"[-+]?0[0-9]+|0o[0-7]+"), "text"),
    (re.compile(r"[-+]?0b[01_]+"), "a number in base 2"),
    (re.compile(r"[-+]?0x[0-9a-fA-F]*_[0-9a-fA-F_]*|[-+]0x[0-9a-fA-F]+"), "a number in base 16"),
    (
        re.compile(r"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*"),
        "a number in base 60",
    ),
    (re.compile(r"[-+]?[0-9]+_[0-9_]*(\.[0-9_]*([eE][-+][0-9]+)?)?|[-+]?[0-9]*\.[0-9]+_[0-9_]*"), "a number"),
    (re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+|[-+]?([0-9]+\.[0-9]*|\.[0-9]+)[eE][0-9]+"), "text"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "a number without a finite value"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9].*"), "a date"),
)


class Meaning(NamedTuple):
    """What a plain scalar is: its value, and the kind of the fault that it is as a value and as a key."""

    value: str | int | bool | Decimal | None
    fault: str | None
    key_fault: str | None


def meaning_of(text: str) -> Meaning:
    """The meaning of a plain scalar that is no plain word."""
    return _meaning(text) if len(text) > MAX_NUMBER_LENGTH else _meaning_of_short(text)


@lru_cache(maxsize=4096)
def _meaning_of_short(text: str) -> Meaning:
    """The same, remembered: the numbers of a repository are few, and each costs a dozen patterns."""
    return _meaning(text)


def _meaning(text: str) -> Meaning:
    value = plain_value(text)
    misread = "implicit-type" if misread_as(text) else None
    fault = "number-too-long" if too_long(text) else misread
    return Meaning(value, fault, misread if isinstance(value, str) else "not-a-text-key")


def plain_value(text: str) -> str | int | bool | Decimal | None:
    """The value of a plain scalar in the YAML 1.2 core schema; numbers with a fraction or exponent are exact.

    A number too long to be meant, an infinity and a not-a-number stay text; `misread_as` and `too_long` say so.
    """
    if text in _SAME:
        return _SAME[text]
    if text[:1] not in NUMERIC or too_long(text):
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return Decimal(text) if _FRACTION.fullmatch(text) else text


def misread_as(text: str) -> str | None:
    """What a YAML 1.1 reader makes of a plain scalar that YAML 1.2 reads otherwise, or None where they agree."""
    if text in _TRUTH_1_1:
        return "a truth value"
    if text == "<<":
        return "an order to merge mappings"
    if text == "=":
        return "a default value"
    if text[:1] not in NUMERIC:
        return None
    return next((reading for pattern, reading in _MISREADINGS if pattern.fullmatch(text)), None)


def too_long(text: str) -> bool:
    """Whether a plain scalar is a number of more digits, or a larger exponent, than any definition needs."""
    if len(text) > MAX_NUMBER_LENGTH:
        return bool(_FRACTION.fullmatch(text) or _BASED.fullmatch(text))
    number = _FRACTION.fullmatch(text)
    return bool(number and number["exponent"] and abs(int(number["exponent"])) > MAX_EXPONENT)
