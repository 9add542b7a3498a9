"""How a person changes one file of the synthetic repository, each time to a content that no check has seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

Edit = Callable[[Path, int], None]


def edit_agent(root: Path, number: int) -> None:
    """Says more of what an agent is for."""
    _rewrite(
        _nth(root, "agents/*/agent-*/agent.yaml", number),
        r'(?m)^(  purpose: ".*)"$',
        rf'\1 Since {number}."',
    )


def edit_graph(root: Path, number: int) -> None:
    """Lets a state of a graph be visited more often."""
    _rewrite(
        _nth(root, "agents/*/agent-*/graph.yaml", number), r"max_visits: \d+", f"max_visits: {10 + number}"
    )


def edit_prompt(root: Path, number: int) -> None:
    """Adds a sentence to a prompt."""
    file = _nth(root, "agents/*/agent-*/prompt.md", number)
    file.write_text(f"{file.read_text(encoding='utf-8')}\nRemember change {number}.\n", encoding="utf-8")


def edit_tool(root: Path, number: int) -> None:
    """Lets the output of a tool of some agents hold one field more."""
    _rewrite(_nth(root, "tools/*/*.yaml", number), _TEXT, rf"\1note{number}: {{type: string}}\n\1\2")


def edit_shared_tool(root: Path, number: int) -> None:
    """Does the same to a tool that every tenth agent uses."""
    _rewrite(_nth(root, "tools/shared/*.yaml", number), _TEXT, rf"\1note{number}: {{type: string}}\n\1\2")


def edit_policy(root: Path, number: int) -> None:
    """Moves the threshold of a rule."""
    _rewrite(_nth(root, "policies/policy-*.yaml", number), r"{gt: \d+}", f"{{gt: {60 + number}}}")


_TEXT = r"( +)(text: {type: string})"

EDITS: dict[str, Edit] = {
    "an agent changed": edit_agent,
    "a graph changed": edit_graph,
    "a prompt changed": edit_prompt,
    "a tool changed": edit_tool,
    "a tool of many changed": edit_shared_tool,
    "a policy changed": edit_policy,
}


def _nth(root: Path, pattern: str, number: int) -> Path:
    files = sorted(root.glob(pattern))
    return files[number * 7 % len(files)]


def _rewrite(file: Path, pattern: str, by: str) -> None:
    text = file.read_text(encoding="utf-8")
    changed = re.sub(pattern, by, text, count=1)
    if changed == text:
        raise RuntimeError(f"nothing to change in {file}")
    file.write_text(changed, encoding="utf-8")
