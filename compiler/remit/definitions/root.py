"""remit.yaml: the root marker with what holds for the whole repository."""

from typing import Annotated, Literal

from pydantic import Field

from remit.definitions.words import ApiVersion, Distinct, Organisation, Part, Word

RuleName = Annotated[
    str,
    Word("the code or the name of a rule such as `GRF002`", "[A-Z]{3}[0-9]{3}|[a-z][a-z0-9]*(?:-[a-z0-9]+)*"),
]
RuleLevel = Literal["error", "warning", "off"]


class Root(Part):
    """The organisation, the libraries it uses, and the levels of rules it changed."""

    api_version: ApiVersion = Field(alias="apiVersion")
    organisation: Organisation
    use: Distinct[Literal["std@1"]] = ()
    rules: dict[RuleName, RuleLevel] = Field(default_factory=dict[str, Literal["error", "warning", "off"]])
