"""Facts: the declared classifiers over a call's arguments that policies read as plain booleans.

Cedar has no quantifier over a set, so "any path is a lock file" is decided here. A fact that cannot be decided is
left out, and a request that lacks a fact is denied: a classifier that fails never disarms a rule.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from remit_runtime.bundle.policy import Fact
from remit_runtime.policy.globs import glob_matches


def facts_of(facts: Iterable[Fact], arguments: Mapping[str, Any]) -> dict[str, bool]:
    """Each fact that can be decided, and whether it holds.

    An absent (or null) argument makes a fact false. One that is neither a string nor a list of strings leaves the
    fact out. For a list the fact holds when it holds for any item.
    """
    decided = {fact.name: _holds(fact, arguments.get(fact.arg)) for fact in facts}
    return {name: value for name, value in decided.items() if value is not None}


def _holds(fact: Fact, argument: object) -> bool | None:
    if argument is None:
        return False
    texts = _texts(argument)
    return None if texts is None else any(_matches(fact, text) for text in texts)


def _texts(argument: object) -> tuple[str, ...] | None:
    if isinstance(argument, str):
        return (argument,)
    if not isinstance(argument, (list, tuple)):
        return None
    items: tuple[object, ...] = tuple(argument)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] -- any JSON
    texts = tuple(item for item in items if isinstance(item, str))
    return texts if len(texts) == len(items) else None


def _matches(fact: Fact, text: str) -> bool:
    if fact.any_glob is not None:
        # `./a`, `b/../a` and `a` are one file: a rule must not be slipped by spelling its path another way.
        spellings = {text, posixpath.normpath(text), posixpath.normpath(text).lstrip("/")}
        return any(glob_matches(glob, spelling) for glob in fact.any_glob for spelling in spellings)
    if fact.equals is not None:
        return text in fact.equals
    if fact.longer_than is not None:
        return len(text) > fact.longer_than
    raise RuntimeError(f"fact `{fact.name}` has no classifier")
