"""Policy: the organisation's rules about calls, and the facts that they may ask about."""

from decimal import Decimal
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, Tag, model_validator

from remit.definitions.choice import scalar_or
from remit.definitions.metadata import Metadata
from remit.definitions.scalars import OneScalar, Scalar, Scalars
from remit.definitions.words import (
    AgentId,
    ApiVersion,
    ApprovalId,
    Count,
    Effect,
    EnvironmentId,
    FieldPath,
    Id,
    Maybe,
    Name,
    Part,
    SomeDistinct,
    TenantId,
    Text,
    ToolId,
    Word,
    Wrong,
    each_once,
    exactly_one,
    only_with,
    refuse,
)

RuleId = Annotated[str, Word("a rule id such as `comment-on-our-repositories`", "[a-z][a-z0-9_-]*")]
ConstraintName = Annotated[
    str, Word("a constraint that begins with `max_`, `min_` or `only_`", "(?:max|min|only)_[a-z0-9_]+")
]
OPERATORS = ("in", "contains", "like", "lt", "lte", "gt", "gte", "ne")


class Fact(Part):
    """Whether an argument, or any item of one, matches; exactly one way to match."""

    arg: Name
    any_glob: Maybe[SomeDistinct[Text]] = None
    equals: Maybe[Scalars] = None
    longer_than: Maybe[Count] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exactly_one(self, ("any_glob", "equals", "longer_than"))
        return self


class Comparison(Part):
    """One operator and what a value is compared with."""

    is_in: Maybe[Scalars] = Field(default=None, alias="in")
    contains: Maybe[OneScalar] = None
    like: Maybe[str] = None
    lt: Maybe[OneScalar] = None
    lte: Maybe[OneScalar] = None
    gt: Maybe[OneScalar] = None
    gte: Maybe[OneScalar] = None
    ne: Maybe[OneScalar] = None

    @property
    def operator(self) -> str:
        """The operator as it is written: `in`, `contains`, `like`, `lt`, `lte`, `gt`, `gte` or `ne`."""
        (name,) = self.model_fields_set
        return "in" if name == "is_in" else name

    @property
    def operand(self) -> Scalar | tuple[Scalar, ...]:
        """What the value is compared with: scalars for `in`, one scalar for the others."""
        (name,) = self.model_fields_set
        operand: Scalar | tuple[Scalar, ...] = getattr(self, name)
        return operand

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        exactly_one(self, OPERATORS)
        for key in ("lt", "lte", "gt", "gte"):
            bound = getattr(self, key)
            if isinstance(bound, bool) or not isinstance(bound, int | Decimal | None):
                refuse(Wrong("wrong-type", (key,), f"`{bound}`", ("a number",)))
        return self


Condition: TypeAlias = Annotated[
    Annotated[OneScalar, Tag("one scalar")] | Annotated[Comparison, Tag("a comparison")],
    scalar_or("a comparison", "a scalar, or a mapping with one operator"),
]


class PolicyRule(Part):
    """One rule. A scope that is left out (None) means any; a call is in scope when it is in each that is given."""

    id: RuleId
    effect: Literal["permit", "forbid", "require_approval"]
    tools: Maybe[SomeDistinct[ToolId]] = None
    effects: Maybe[SomeDistinct[Effect]] = None
    capabilities: Maybe[SomeDistinct[Id]] = None
    agents: Maybe[SomeDistinct[AgentId]] = None
    tenants: Maybe[SomeDistinct[TenantId]] = None
    environments: Maybe[SomeDistinct[EnvironmentId]] = None
    when: dict[FieldPath, Condition] = Field(default_factory=dict[str, Scalar | Comparison])
    approval: Maybe[ApprovalId] = None
    constraints: dict[ConstraintName, Scalars] = Field(default_factory=dict[str, tuple[Scalar, ...]])
    reason: Text

    @model_validator(mode="after")
    def _keys_suit_the_effect(self) -> Self:
        asks = self.effect == "require_approval"
        only_with(self, "approval", asks, f"effect: {self.effect}")
        only_with(self, "constraints", self.effect != "forbid", "effect: forbid")
        if asks and self.approval is None:
            refuse(Wrong("missing-key", (), "", ("approval",)))
        return self


class PolicySpec(Part):
    facts: dict[Name, Fact] = Field(default_factory=dict[str, Fact])
    rules: Annotated[tuple[PolicyRule, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _rule_ids_differ(self) -> Self:
        each_once("rules", [rule.id for rule in self.rules])
        return self


class Policy(Part):
    """Rules of the organisation; only these permit anything."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Policy"]
    metadata: Metadata
    spec: PolicySpec
