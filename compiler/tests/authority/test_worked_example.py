"""The worked example of docs/authority.md: its YAML lowers to exactly the Cedar that the page prints."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import cedarpy
import pytest
from ruamel.yaml import YAML

from remit.authority.source import AuthoritySource, RuleSource
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.policy.decide import Decision

PAGE = (Path(__file__).parents[3] / "docs" / "authority.md").read_text(encoding="utf-8")

Ask = Callable[..., Decision]


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def documented(rule: Callable[..., RuleSource]) -> RuleSource:
    """The rule of the page's YAML block."""
    (text,) = _blocks("yaml")
    document: dict[str, Any] = YAML(typ="safe").load(StringIO(text))  # pyright: ignore[reportUnknownMemberType] -- any YAML
    (stated,) = document["rules"]
    return rule(
        stated["id"],
        stated["effect"],
        tools=tuple(stated["tools"]),
        when=stated["when"],
        approval=stated["approval"],
        constraints=tuple(stated["constraints"].items()),
        reason=stated["reason"],
    )


def test_the_page_prints_the_policies_that_its_example_lowers_to(
    portfolio: Callable[..., AuthoritySource],
    lowered: Callable[[AuthoritySource], PolicySet],
    documented: RuleSource,
) -> None:
    rules = {each.id: each.cedar for each in lowered(portfolio(documented)).rules}
    wanted = [documented.key, "agents/fixer/agent.yaml#grant"]
    printed = [cedarpy.format_policies(rules[name], line_width=100).strip() for name in wanted]
    assert [block.strip() for block in _blocks("cedar")] == printed


def test_the_page_tells_the_decisions_of_its_example(
    portfolio: Callable[..., AuthoritySource],
    rule: Callable[..., RuleSource],
    ask: Ask,
    documented: RuleSource,
) -> None:
    permitted, unpermitted = portfolio(rule("any"), documented), portfolio(documented)
    lock: dict[str, Any] = {"arguments": {"repository": "acme/app", "paths": ["poetry.lock"]}}
    decisions = [
        ask(permitted, **lock),
        ask(permitted, **lock, approvals=frozenset({"repo_owner"})),
        ask(unpermitted, **lock),
        ask(permitted, arguments={"repository": "acme/docs", "paths": ["poetry.lock"]}),
        ask(permitted, arguments={"repository": "evil/app", "paths": ["poetry.lock"]}),
    ]
    table = re.findall(r"^\| (?:`acme\.fixer`|the same).*\| `(\w+)`(?:, `(\w+)`)?", PAGE, flags=re.MULTILINE)
    assert [(decision.outcome, decision.code) for decision in decisions] == [
        (outcome, code or "allowed") for outcome, code in table
    ]
    assert [decision.constraints for decision in decisions[:2]] == [{"max_files": 3}, {"max_files": 3}]
