"""References to values that no run ever finds: a step leads where the schema of its source has nothing."""

from __future__ import annotations

from typing import NamedTuple

from remit.definitions.reference import Reference
from remit.definitions.state import ParallelState
from remit.diagnostic import Note, nearest
from remit.flow.kinds import words_of
from remit.flow.places import span_of_option
from remit.flow.reading import Reading, step
from remit.flow.types import Types


class Absent(NamedTuple):
    """Why no run finds what a reference names: its `step` (from 0, below the root) is not there.

    `message` says it in a sentence, `notes` show what gives the value, `meant` is the field that it likely should be.
    """

    step: int
    message: str
    notes: tuple[Note, ...]
    meant: str | None


def absent(types: Types, reference: Reference) -> Absent | None:
    """Why nothing can ever stand where a reference leads; None where something may, or its root is at fault."""
    if not reference.steps or types.plain(reference) is not None or _is_no_branch(types, reference):
        return None
    here = types.root(reference.root)
    for index, name in enumerate(reference.steps):
        below = step(here, name)
        if below.presence == "never":
            return _absent(types, reference, index, here)
        here = below
    return None


def _is_no_branch(types: Types, reference: Reference) -> bool:
    """Whether it names a branch that a parallel state has not, which the linker tells."""
    state = types.flow.states.get(reference.root)
    return (
        state is not None
        and isinstance(state.work, ParallelState)
        and reference.steps[0] not in state.work.branches
    )


def _absent(types: Types, reference: Reference, index: int, here: Reading) -> Absent:
    before = Reference(reference.root, reference.steps[:index])
    name = reference.steps[index]
    portfolio = types.flow.unit.portfolio
    fields = here.fields
    if "object" in here.kinds:
        message = f"`{before}` never has a field `{name}`"
    elif "array" in here.kinds:
        message = (
            f"`{before}` never has an item `{name}`"
            if name.isdigit()
            else f"`{before}` is an array, whose items have positions such as `0`, and no field `{name}`"
        )
    else:
        message = f"`{before}` is {words_of(here.kinds)}, and has no `{name}`"
    spans = dict.fromkeys(span_of_option(portfolio, option) for option in here.options)
    notes = tuple(Note(f"`{before}` is described here", span) for span in spans if span is not None)
    if not notes and reference.root in types.flow.states:
        notes = (Note(f"`{reference.root}` is written here", types.flow.span(reference.root)),)
    return Absent(index, message, notes, nearest(name, fields))
