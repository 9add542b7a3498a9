"""Where a state goes: one state for success, or a state for each outcome; model states choose by their decision."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, Strict

from remit.definitions.scalars import Scalars
from remit.definitions.words import FieldPath, Maybe, Part, ShortForm, StateId, Wrong, refuse


class OkDeniedError(Part):
    ok: StateId
    denied: Maybe[StateId] = None
    error: Maybe[StateId] = None


class OkDenied(Part):
    ok: StateId
    denied: Maybe[StateId] = None


class OkFailed(Part):
    ok: StateId
    failed: Maybe[StateId] = None


class PassedFailed(Part):
    passed: StateId
    failed: Maybe[StateId] = None


class ApprovalNext(Part):
    """Where an approval state goes."""

    approved: StateId
    denied: Maybe[StateId] = None
    expired: Maybe[StateId] = None


class Route(Part):
    """Where a model state goes when its decision holds all that `when` wants; without `when`, always."""

    when: Maybe[Annotated[dict[FieldPath, Scalars], Field(min_length=1)]] = None
    to: StateId


def _as_ok(value: object) -> object:
    return {"ok": value} if isinstance(value, str) else value


def _as_passed(value: object) -> object:
    return {"passed": value} if isinstance(value, str) else value


def _as_routes(value: object) -> object:
    return [{"to": value}] if isinstance(value, str) else value


def _default_is_last(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    early = [i for i, route in enumerate(routes[:-1]) if route.when is None]
    if early:
        refuse(*(Wrong("missing-key", (i,), "", ("when",)) for i in early))
    return routes


ToolNext: TypeAlias = Annotated[OkDeniedError, BeforeValidator(_as_ok), ShortForm("string")]
MemoryNext: TypeAlias = Annotated[OkDenied, BeforeValidator(_as_ok), ShortForm("string")]
HandoffNext: TypeAlias = Annotated[OkFailed, BeforeValidator(_as_ok), ShortForm("string")]
CheckNext: TypeAlias = Annotated[PassedFailed, BeforeValidator(_as_passed), ShortForm("string")]
ModelNext: TypeAlias = Annotated[
    tuple[Route, ...],
    Strict(False),
    Field(min_length=1),
    BeforeValidator(_as_routes),
    AfterValidator(_default_is_last),
    ShortForm("string"),
]
