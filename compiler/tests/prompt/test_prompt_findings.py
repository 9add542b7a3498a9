"""What is found in prompts, and where: the table of docs/prompts.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from remit.check import check
from remit.git import folder_tree

PAGE = Path(__file__).parents[3] / "docs" / "prompts.md"
_ROW = re.compile(r"^\| ``(.+?) ?`` \| (.+) \|$", re.MULTILINE)
FOLDER = "agents/notes"
FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    f"{FOLDER}/agent.yaml": """apiVersion: remit/v1
kind: Agent
metadata: {id: acme.notes, version: 0.1.0, owner: dev}
spec:
  purpose: Write notes.
  tasks: {write: {text: string, tone: string}}
  orchestration: {graph: graph.yaml}
  models: [dev]
  tools: {allowed: [git.log, git.grep], denied: [acme.publish]}
  output: {notes: string}
""",
    f"{FOLDER}/graph.yaml": """apiVersion: remit/v1
kind: Graph
spec:
  start: changes
  states:
    changes: {type: tool, tool: git.log, args: {}, next: look}
    look: {type: model, prompt: look.md, tools: [git.grep], next: done}
    done: {type: end, outcome: succeeded, output: "${look}"}
""",
    f"{FOLDER}/round.md": '{% include "again.md" %}',
    f"{FOLDER}/again.md": '{% include "round.md" %}',
    f"{FOLDER}/deep.md": "one\n {{ task.txt }}",
    "tools/acme/publish.yaml": """apiVersion: remit/v1
kind: Tool
metadata: {id: acme.publish, version: 1.0.0, owner: dev}
spec:
  effect: write
  input: {type: object, additionalProperties: false}
  output: {type: object, additionalProperties: false}
  implementation: {process: {argv: [git, push]}}
""",
}


def cases() -> list[tuple[str, str]]:
    """The prompts of the table, each with what is found in it."""
    table = PAGE.read_text(encoding="utf-8").partition("<!-- cases of findings")[2].partition("\n\n")[0]
    rows = [(row[0].replace("\\|", "|").replace("⏎", "\n"), row[1]) for row in _ROW.findall(table)]
    assert len(rows) == table.count("\n| ``"), "every row of the table is read"
    return rows


def found_in(root: Path, prompt: str) -> str:
    """What is found in a prompt, in the words of the table."""
    for path, content in {**FILES, f"{FOLDER}/look.md": prompt}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")
    told: list[str] = []
    for one in check(folder_tree(root)).diagnostics:
        file = one.span.path.removeprefix(f"{FOLDER}/")
        where = "" if file == "look.md" else f"{file} "
        told.append(f"{one.code} {where}{one.span.start.line}:{one.span.start.column}")
    return ", ".join(told) or "nothing"


@pytest.mark.parametrize(("prompt", "finds"), cases())
def test_in_a_prompt_is_found_what_the_page_says(tmp_path: Path, prompt: str, finds: str) -> None:
    assert found_in(tmp_path, prompt) == finds
