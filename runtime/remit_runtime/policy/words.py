"""What an input says: whether a value stands in a field of it, or in the prose of one, as a value of its type."""

from __future__ import annotations

import re
from typing import Any

from remit_runtime.policy.material import Material, Path
from remit_runtime.policy.named import counts, named_in, phrase_in
from remit_runtime.policy.normalise import OBJECT_ID, is_plain, money_of, normal, spelled, words_of

_BARE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_AMOUNT = frozenset({"amount"})


def said(material: Material, value: Any, kind: str, name: str) -> Path | None:
    """The field of the input that says a value for an argument of this name, or None."""
    found = (path for path, leaf in material.words() if says(material, path, leaf, value, kind, name))
    return next(found, None)


def says(material: Material, path: Path, leaf: Any, value: Any, kind: str, name: str) -> bool:
    """Whether a field of the input says a value: it is the value, or its text names it."""
    if not is_plain(value) and not (isinstance(leaf, str) and value in leaf):
        return False  # another spelling than the user's own
    if _is_field(path, leaf, value, kind, name):
        return True
    return (
        isinstance(leaf, str) and not isinstance(value, bool) and _is_named(material, leaf, value, kind, name)
    )


def _is_field(path: Path, leaf: Any, value: Any, kind: str, name: str) -> bool:
    if isinstance(leaf, bool) != isinstance(value, bool):
        return False
    form = normal(value, kind)
    if kind == "money":
        money, meant = money_of(spelled(leaf)), money_of(spelled(value))
        if money is None or meant is None or money[0] != meant[0] or meant[1] not in (None, money[1]):
            return False
        return money[1] is not None or _is_named_alike(path, kind, name)
    if normal(leaf, kind) != form or not form:
        return False
    # A bare number, or true, says nothing of what it counts.
    return not (isinstance(value, bool) or _BARE.fullmatch(form)) or _is_named_alike(path, kind, name)


def _is_named_alike(path: Path, kind: str, name: str) -> bool:
    fields = {word for step in path for word in words_of(step)}
    return not fields.isdisjoint(_nouns(kind, name))


def _nouns(kind: str, name: str) -> frozenset[str]:
    own = words_of(kind.removeprefix(OBJECT_ID)) if kind.startswith(OBJECT_ID) else frozenset[str]()
    return words_of(name) | own | (_AMOUNT if kind == "money" else frozenset[str]())


def _is_named(material: Material, text: str, value: Any, kind: str, name: str) -> bool:
    form = normal(value, kind)
    if kind == "money":
        named = _named(material, text, kind)
        return (
            form in named
            or any(one.split(" ")[0] == form for one in named)
            or counts(text, form, _nouns(kind, name))
        )
    if form in _named(material, text, kind):
        return True
    if kind in _TYPED or kind.startswith(OBJECT_ID):
        return False
    return counts(text, form, _nouns(kind, name)) if _BARE.fullmatch(form) else phrase_in(text, form)


_TYPED = frozenset(
    {"email", "iban", "url", "repository", "branch", "path", "channel", "user", "day", "secret"}
)


def _named(material: Material, text: str, kind: str) -> frozenset[str]:
    key = ("named", kind, text)
    if key not in material.kept:
        material.kept[key] = named_in(text, kind)
    found: frozenset[str] = material.kept[key]
    return found
