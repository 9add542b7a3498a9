"""What a grader sees of a run: its end, its output, its calls and its denials, all read from the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeGuard


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a path that leads nowhere, or an expectation that is not there, gives; JSON's null is a value."""


@dataclass(frozen=True, slots=True)
class Grader:
    """A grader as the suite declares it (docs/language.md section 9): it looks at the run's output or an artifact."""

    id: str
    type: str
    at: tuple[str, ...] = ()
    artifact: str | None = None
    mode: Literal["subset", "exact"] = "exact"
    order: Literal["exact", "in_order", "any_order"] = "exact"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that reached a tool."""

    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that would change something at a host. `body` is its JSON, None without one."""

    method: str
    path: str
    host: str
    body: Any


@dataclass(frozen=True, slots=True)
class Observed:
    """One finished run. `output_valid` is whether the output satisfies the agent's shape, None without an output.

    `writes` is what the services of the case received and would have changed something.
    """

    reason: str
    output: Any
    artifacts: Mapping[str, Any]
    calls: tuple[Call, ...]
    denied: tuple[str, ...]
    output_valid: bool | None
    microusd: int
    milliseconds: int
    writes: tuple[Request, ...] = ()


def subject(grader: Grader, observed: Observed) -> Any:
    """The value a grader looks at, or MISSING."""
    artifact = grader.artifact
    root = observed.output if artifact is None else observed.artifacts.get(artifact, MISSING)
    return value_at(root, grader.at)


def is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, Mapping)


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """The part of a JSON value that a dotted path names, or MISSING."""
    for step in path:
        if is_object(value) and step in value:
            value = value[step]
        elif is_array(value) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return MISSING
    return value
