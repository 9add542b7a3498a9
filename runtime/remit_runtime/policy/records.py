"""Records: whether the user's words name the one record that an id stands in, by its key."""

from __future__ import annotations

from typing import Any

from remit_runtime.policy.material import Leaf, Material, Source
from remit_runtime.policy.named import names_record, phrase_in
from remit_runtime.policy.normalise import normal, spelled


def names_one(material: Material, source: Source, leaf: Leaf) -> bool:
    """Whether the user's words name the record of a leaf, and no other record with another such value has its key."""
    keys = [one for one in source.declared if one.trust == "keys" and one.record == leaf.record]
    return any(_is_named(material, spelled(key.value), leaf) for key in keys)


def stands_for(leaf: Any, value: Any, kind: str) -> bool:
    """Whether a field is the value, rather than a text in which it stands."""
    return normal(leaf, kind) == normal(value, kind)


def _is_named(material: Material, key: str, leaf: Leaf) -> bool:
    if not _spoken(material, key):
        return False
    form, wanted = normal(key, "text"), normal(leaf.value, leaf.type)
    for source in material.sources:
        if not all(_all_same(source, other, leaf, wanted) for other in source.named.get(form, ())):
            return False  # two records of one name: the task names neither
        longer = (one for one in source.named if form in one and one != form)
        if any(phrase_in(one, form) and _spoken(material, one) for one in longer):
            return False  # it is the longer name that was meant
    return True


def _all_same(source: Source, key: Leaf, leaf: Leaf, wanted: str) -> bool:
    """Whether the values of this type in the record of a key are all the wanted one."""
    return all(
        normal(one.value, leaf.type) == wanted
        for one in source.declared
        if one.record == key.record and one.trust == leaf.trust and one.type == leaf.type
    )


def _spoken(material: Material, key: str) -> bool:
    """Whether a key stands in the user's words; in a child run's input it must do so in the parent too."""
    kept = ("spoken", normal(key, "text"))
    if kept not in material.kept:
        here = any(
            normal(value, "text") == normal(key, "text")
            or (isinstance(value, str) and names_record(value, key))
            for _, value in material.words()
        )
        material.kept[kept] = here and (material.parent is None or _spoken(material.parent, key))
    found: bool = material.kept[kept]
    return found
