"""remit.yaml: the root marker with what holds for the whole repository."""

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from remit.definitions.words import (
    ApiVersion,
    Distinct,
    Maybe,
    Organisation,
    Part,
    PathText,
    TeamId,
    Text,
    Word,
    Wrong,
    refuse,
)

RuleName = Annotated[
    str,
    Word("the code or the name of a rule such as `GRF002`", "[A-Z]{3}[0-9]{3}|[a-z][a-z0-9]*(?:-[a-z0-9]+)*"),
]
RuleLevel = Literal["error", "warning", "off"]


LockedName = Annotated[
    str,
    Word(
        "the code, the name or the group of rules such as `SEC`",
        "[A-Z]{3}(?:[0-9]{3})?|[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
    ),
]


def _a_day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        refuse(Wrong("wrong-type", (), f"`{value}`", ("a day that exists",)))
    return value


Day = Annotated[
    str, Word('a day in quotes such as `"2027-01-31"`', r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), AfterValidator(_a_day)
]


class Suppression(Part):
    """Findings of one rule in one file that somebody answers for until a day; SEC013 wants all of it."""

    rule: RuleName
    path: PathText
    reason: Maybe[Text] = None
    owner: Maybe[TeamId] = None
    expires: Maybe[Day] = None


class Root(Part):
    """The organisation, the libraries it uses, the levels of rules it changed, and findings it lives with."""

    api_version: ApiVersion = Field(alias="apiVersion")
    organisation: Organisation
    use: Distinct[Literal["std@1"]] = ()
    rules: dict[RuleName, RuleLevel] = Field(default_factory=dict[str, Literal["error", "warning", "off"]])
    locked: Distinct[LockedName] = ()
    suppressions: Annotated[tuple[Suppression, ...], Field(strict=False)] = ()
