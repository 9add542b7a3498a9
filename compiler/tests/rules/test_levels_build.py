"""A rule whose level may be lowered stands before nothing that lowering relies on: what it finds can be sealed.

Every rule that a repository may turn off is turned off over its own wrong repository; where nothing else is an error,
the repository is lowered and sealed as `remit build` would do it. One without agents is given one that uses its tools.
"""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from remit.check import check
from remit.definitions import Agent, Tool
from remit.git import Tree, folder_tree
from remit.lower.portfolio import lower
from remit.release.seal import seal, sealable
from remit.rule import Levels, Rule, is_locked
from remit.rules import RULES

HERE = Path(__file__).parent
TODAY = date(2026, 11, 22)
FREE = [rule for rule in RULES if not is_locked(rule)]


AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {{id: acme.user, version: 0.1.0, owner: dev}}
spec:
  purpose: Use every tool there is.
  tasks: {{go: {{}}}}
  instructions: {{text: Use them.}}
  tools: [{tools}]
  models: [dev]
  output: {{done: boolean}}
"""


def repository(rule: Rule[Any], root: Path) -> Tree:
    """The wrong repository of a rule, with an agent."""
    shutil.copytree(HERE / rule.name.replace("-", "_") / "wrong", root, dirs_exist_ok=True)
    portfolio = check(folder_tree(root)).portfolio
    if not portfolio.of(Agent):
        agent = root / "agents/user/agent.yaml"
        agent.parent.mkdir(parents=True, exist_ok=True)
        agent.write_text(AGENT.format(tools=", ".join(portfolio.of(Tool))))
    return folder_tree(root)


@pytest.mark.parametrize("rule", FREE, ids=lambda rule: rule.name)
def test_what_a_rule_that_is_off_would_find_can_be_sealed(rule: Rule[Any], tmp_path: Path) -> None:
    tree = repository(rule, tmp_path)
    off: Levels = {rule.code: "off"}
    result = check(tree, off, today=TODAY)
    if result.has_errors:
        pytest.skip(f"also {sorted({one.code for one in result.diagnostics})}")

    assert seal(sealable(lower(result.portfolio, "dev"))).digest
