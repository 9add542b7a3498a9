"""Searching what others have written: where a value stands there, in any spelling that is likely.

It finds too much rather than too little. What is found here takes trust away from a directory's entry and names a
source for a person to look at; it never gives any.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from remit_runtime.policy.material import TASK, Material, Source, leaves_of
from remit_runtime.policy.normalise import folded, normal, number_of, plain, spelled

_SHORT = 4


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for: a text that must stand somewhere, and the whole form around it where that is not all."""

    part: str
    whole: re.Pattern[str] | None = None


def mentioned(material: Material, value: Any, kind: str) -> bool:
    """Whether anything that others wrote in the run, or in the runs it comes from, speaks of a value."""
    sought = _sought(value, kind)
    if sought is None:
        return False
    at: Material | None = material
    while at is not None:
        if any(_finds(sought, source.loose, kind) for source in at.sources):
            return True
        if any(_finds(sought, folded(spelled(leaf)), kind) for _, leaf in _loose_input(at)):
            return True
        at = at.parent
    return False


def holding(material: Material, value: Any, kind: str) -> tuple[str, str | None] | None:
    """The first source of the run, and the field there, in which a value stands; None where it stands nowhere."""
    sought = _sought(value, kind)
    if sought is None:
        return None
    for source in material.sources:
        if _finds(sought, source.loose, kind):
            return source.name, _field(source, sought, kind)
    for source in material.sources:
        for leaf in source.declared if _finds(sought, source.listed, kind) else ():
            if _finds(sought, folded(spelled(leaf.value)), kind):
                return source.name, ".".join(leaf.path) or None
    for path, leaf in _loose_input(material):
        if _finds(sought, folded(spelled(leaf)), kind):
            return TASK, ".".join(path) or None
    return None


def _loose_input(material: Material) -> list[tuple[tuple[str, ...], Any]]:
    """The fields of an input that are not the user's words: what the caller quotes, and all that a parent handed on."""
    leaves = leaves_of(material.input)
    return [(path, leaf) for path, leaf in leaves if material.parent is not None or material.is_quoted(path)]


def _field(source: Source, sought: Sought, kind: str) -> str | None:
    for leaf in (*source.untrusted, *(one for one in source.declared if one.trust == "keys")):
        if _finds(sought, folded(spelled(leaf.value)), kind):
            return ".".join(leaf.path) or None
    return None


def _sought(value: Any, kind: str) -> Sought | None:
    """What is searched for: a folded text, or the forms of a number. Booleans and empty texts stand everywhere."""
    if isinstance(value, bool):
        return None
    form = folded(normal(value, kind))
    number = number_of(form.split(" ")[0] if kind == "money" else form)
    if number is not None:
        return _number(plain(number))
    if kind == "iban":
        form = re.sub(r"[\s-]", "", form)
    if not form:
        return None
    return Sought(form, re.compile(rf"(?<!\w){re.escape(form)}(?!\w)") if len(form) < _SHORT else None)


def _number(text: str) -> Sought:
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, rest = digits.partition(".")
    head = len(whole) % 3
    groups = [whole[:head], *(whole[i : i + 3] for i in range(head, len(whole), 3))]
    given = [group for group in groups if group]
    grouped = "[,.' ]?".join(given)
    fraction = rf"[.,]{rest}0*" if rest else r"(?:[.,]0+)?"
    return Sought(given[0], re.compile(rf"(?<![\w.,]){sign}{grouped}{fraction}(?!\w|[.,]\d)"))


def _finds(sought: Sought, text: str, kind: str) -> bool:
    if kind == "iban":
        text = re.sub(r"[\s-]", "", text)
    return sought.part in text and (sought.whole is None or sought.whole.search(text) is not None)
