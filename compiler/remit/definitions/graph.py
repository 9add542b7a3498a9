"""Graph: the states of an agent, written out."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from remit.definitions.state import KNOWN_TO_PROMPTS, State
from remit.definitions.words import ApiVersion, Part, StateId, Word, Wrong, refuse


def _not_reserved(value: str) -> str:
    if value == "task":
        refuse(Wrong("wrong-type", (), "`task`", ("a state id that is not `task`, the root of the input",)))
    if value in KNOWN_TO_PROMPTS:
        refuse(
            Wrong("wrong-type", (), f"`{value}`", (f"a state id that is not `{value}`, which prompts know",))
        )
    return value


NewStateId = Annotated[
    str, Word("a state id such as `review`", "[A-Za-z_][A-Za-z0-9_-]*"), AfterValidator(_not_reserved)
]


class GraphSpec(Part):
    """The start state and all states by id."""

    start: StateId
    states: Annotated[dict[NewStateId, State], Field(min_length=1)]


class Graph(Part):
    """The states of one agent; a Graph has no identity, the agent names its file."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Graph"]
    spec: GraphSpec
