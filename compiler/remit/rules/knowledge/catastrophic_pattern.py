"""TOL014."""

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from remit.definitions import DataClass
from remit.link import Unit
from remit.rule import Finding, rule


@rule("catastrophic-pattern", "TOL014", since="0.4", severity="warning")
def catastrophic_pattern(unit: Unit[DataClass]) -> Iterator[Finding]:
    """A pattern that takes time without end for some texts, because a repetition repeats a repetition.

    ## Why

    The patterns of data classes are searched in everything that tools give back, by an engine that tries every way to
    match. In `(a+)+b` a run of letters can be shared out between the two repetitions in ever more ways, and the engine
    tries them all before it gives up: forty letters hold a run for hours, and whoever writes the text chooses them.
    The patterns of JSON Schemas are matched by another engine, which takes no such time.

    ## Wrong

    ```yaml file=policies/names.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: names}
    spec: {sensitivity: internal, redact: true, patterns: {host: "([a-z0-9]+)+[.]internal"}}
    ```

    ## Right

    ```yaml file=policies/names.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: names}
    spec: {sensitivity: internal, redact: true, patterns: {host: "[a-z0-9]+[.]internal"}}
    ```
    """
    for name, pattern in unit.definition.spec.patterns.items():
        if _is_catastrophic(pattern):
            yield Finding(
                unit.span(("spec", "patterns", name)),
                f"the pattern `{name}` repeats a repetition, and takes time without end for some texts",
                (),
                "write it so that one repetition alone can take each letter",
            )


# ---- the parsed pattern
#
# A pattern is a sequence of (operation, arguments), as the standard library's own parser gives it.

_GREEDY = ("MAX_REPEAT", "MIN_REPEAT")
_MANY = 20
"""A repetition that may go on so often is as bad as one without an end."""
_ALPHABET = frozenset(map(chr, range(32, 127)))
_CATEGORIES = {
    f"CATEGORY_{no}{name}": form if not no else form.upper()
    for name, form in (("DIGIT", r"\d"), ("SPACE", r"\s"), ("WORD", r"\w"))
    for no in ("", "NOT_")
}


def _is_catastrophic(pattern: str) -> bool:
    if not any(sign in pattern for sign in ")*+}"):
        return False
    parser: Any = import_module("re._parser")
    try:
        return _fails_late(list(parser.parse(pattern)), ())
    except (ValueError, OverflowError, RecursionError, TypeError):
        return False  # not a pattern that it can be asked of; the parser of definitions says so


def _fails_late(items: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether something ambiguous stands before what does not take its letters, in a sequence or in a part."""
    for index, (operation, arguments) in enumerate(items):
        rest = [*items[index + 1 :], *after]
        if str(operation) in _GREEDY and arguments[1] >= _MANY:
            letters = _shared(list(arguments[2]))
            if letters - _taken(rest):
                return True
        if any(_fails_late(inner, rest) for inner in _inner(operation, arguments)):
            return True
    return False


def _shared(items: list[Any]) -> frozenset[str]:
    """The letters that a repetition of a sequence and one inside it can share out: nothing else has to be there."""
    found: frozenset[str] = frozenset()
    for index, (operation, arguments) in enumerate(items):
        if not all(_is_nullable(one) for one in [*items[:index], *items[index + 1 :]]):
            continue
        name = str(operation)
        if name in _GREEDY and arguments[1] >= _MANY and len(arguments[2]) == 1:
            found |= _letters(arguments[2][0])
        for inner in _inner(operation, arguments) if name in ("SUBPATTERN", "BRANCH") else ():
            found |= _shared(inner)
    return found


def _taken(items: Sequence[Any]) -> frozenset[str]:
    """The letters with which what has to follow can begin; all of them where nothing has to, or it is not known."""
    wanted = next((one for one in items if not _is_nullable(one)), None)
    if wanted is None:
        return _ALPHABET
    operation, arguments = wanted
    if str(operation) == "AT":
        return frozenset() if str(arguments) in ("AT_END", "AT_END_STRING", "AT_BOUNDARY") else _ALPHABET
    if str(operation) == "SUBPATTERN":
        return _taken(list(arguments[-1]))
    return _letters(wanted) if str(operation) in ("LITERAL", "NOT_LITERAL", "IN") else _ALPHABET


def _letters(item: Any) -> frozenset[str]:
    """The letters that a part for one letter takes; none where it is no such part."""
    operation, arguments = item
    match str(operation):
        case "LITERAL":
            return frozenset({chr(arguments)}) & _ALPHABET
        case "NOT_LITERAL":
            return _ALPHABET - {chr(arguments)}
        case "ANY":
            return _ALPHABET
        case "IN":
            found = frozenset[str]().union(*(_of_class(one) for one in arguments))
            return _ALPHABET - found if str(arguments[0][0]) == "NEGATE" else found
        case _:
            return frozenset()


def _of_class(item: Any) -> frozenset[str]:
    operation, arguments = item
    match str(operation):
        case "LITERAL":
            return frozenset({chr(arguments)}) & _ALPHABET
        case "RANGE":
            return frozenset(letter for letter in _ALPHABET if arguments[0] <= ord(letter) <= arguments[1])
        case "CATEGORY":
            form = _CATEGORIES.get(str(arguments))
            return frozenset(letter for letter in _ALPHABET if form and re.match(form, letter))
        case _:
            return frozenset()


def _is_nullable(item: Any) -> bool:
    """Whether a part may match nothing, wherever it stands."""
    operation, arguments = item
    match str(operation):
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return arguments[0] == 0 or all(_is_nullable(one) for one in arguments[2])
        case "SUBPATTERN":
            return all(_is_nullable(one) for one in arguments[-1])
        case "BRANCH":
            return any(all(_is_nullable(one) for one in way) for way in arguments[1])
        case _:
            return False


def _inner(operation: Any, arguments: Any) -> Iterator[list[Any]]:
    """The sequences inside a part, but for those that never give back what they took."""
    match str(operation):
        case "MAX_REPEAT" | "MIN_REPEAT":
            yield list(arguments[2])
        case "SUBPATTERN":
            yield list(arguments[-1])
        case "BRANCH":
            for way in arguments[1]:
                yield list(way)
        case _:
            return
