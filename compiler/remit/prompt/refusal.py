"""Why a template is refused while it is evaluated, and the work and text that it may take."""

from __future__ import annotations

from dataclasses import dataclass

from remit.prompt.segments import FaultKind, SlotAt
from remit.prompt.values import Value, is_list, is_object

MAX_STEPS = 100_000
MAX_STEPS_OF_ALL = 200_000
"""For all states together that ask with one prompt."""
MAX_CHARACTERS = 2**20
MAX_SLOTS = 10_000
MAX_INCLUDES = 8
CHARACTERS_PER_STEP = 64


class Refused(Exception):
    """Something that a prompt cannot do, at an offset; without a message where its cause was told already."""

    def __init__(self, message: str | None, offset: int, kind: FaultKind = "invalid-template") -> None:
        super().__init__(message)
        self.message, self.offset = message, offset
        self.kind: FaultKind = kind


class NotYet(Exception):
    """A slot stands where a value is wanted now."""

    def __init__(self, slot: SlotAt, offset: int) -> None:
        super().__init__(str(slot))
        self.slot, self.offset = slot, offset

    def because(self, what: str) -> Refused:
        """The refusal that names what cannot be done with a slot."""
        return Refused(f"`{self.slot}` has no value while compiling, so {what}", self.offset)


class Exhausted(Exception):
    """The template takes more work or gives more text than any may; or, without words, enough is wrong with it."""


@dataclass
class Meter:
    """The work that a template has taken; every part of it pays before it is done."""

    steps: int = 0
    most: int = MAX_STEPS

    def pay(self, steps: int = 1) -> None:
        """Takes steps.

        Raises:
            Exhausted: there are none left.
        """
        self.steps += steps
        if self.steps > self.most:
            raise Exhausted(
                f"the template takes more than {MAX_STEPS} steps"
                if self.most == MAX_STEPS
                else f"the template takes more than {MAX_STEPS_OF_ALL} steps for all states that ask with it"
            )

    def text(self, length: int) -> None:
        """Pays for a text of a length that is about to be made.

        Raises:
            Exhausted: no text may be that long, or there are no steps left.
        """
        if length > MAX_CHARACTERS:
            raise Exhausted(f"the template makes a text of more than {MAX_CHARACTERS} characters")
        self.pay(1 + length // CHARACTERS_PER_STEP)

    def whole(self, value: Value) -> None:
        """Pays for every part of a value, so that lists of the same lists cannot grow unseen.

        Raises:
            Exhausted: there are not as many steps left.
        """
        waiting = [value]
        while waiting:
            one = waiting.pop()
            self.pay(1)
            if isinstance(one, str):
                self.text(len(one))
            elif is_list(one):
                self.pay(len(one))
                waiting.extend(one)
            elif is_object(one):
                self.pay(len(one))
                waiting.extend(one.values())
