"""An approval survives SIGKILL between each two of its steps, and what was approved has its effect once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from remit.diagnostic import Fault
from remit.git import Tree
from remit.release.build import attest, write
from remit.release.provenance import BuildFacts
from remit.release.ship import Sealed, sealed
from remit_runtime.trust.keys import ensure_dev_key, read_private_key

WORKER = Path(__file__).with_name("approval_worker.py")
FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    "agents/poster/agent.yaml": """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.poster, version: 0.1.0, owner: dev}
spec:
  purpose: Post a note once somebody agrees.
  autonomy: propose
  tasks: {post: {text: string}}
  tools: [notes.post]
  orchestration:
    workflow:
      steps: [{id: post, type: tool, tool: notes.post, args: {text: "${task.text}"}}]
      output: "${post}"
  output: {id: integer}
""",
    "tools/notes/post.yaml": """\
apiVersion: remit/v1
kind: Tool
metadata: {id: notes.post, version: 1.0.0, owner: dev}
spec:
  effect: write
  resource: {type: Workspace, id: repository}
  input:
    type: object
    additionalProperties: false
    required: [text]
    properties: {text: {type: string, maxLength: 99}}
  output: {type: object, additionalProperties: false, required: [id], properties: {id: {type: integer}}}
  arguments: {text: {role: content}}
  implementation:
    http: {method: POST, url: "https://notes.example/notes", hosts: [notes.example], body: arguments}
""",
    "policies/notes.yaml": """\
apiVersion: remit/v1
kind: Policy
metadata: {id: notes, owner: dev}
spec:
  rules:
    - {id: may-post, effect: permit, tools: [notes.post], reason: notes are for everybody}
    - {id: asks, effect: require_approval, tools: [notes.post], approval: editor, reason: somebody reads it first}
""",
    "policies/editor.yaml": "apiVersion: remit/v1\nkind: Approval\nmetadata: {id: editor}\nspec: {role: developer}\n",
}


def tree_of(files: Mapping[str, str]) -> Tree:
    def content(path: str, limit: int) -> bytes | Fault:
        return files[path].encode()

    return Tree(Path("/nowhere"), tuple(sorted(files)), content)


@pytest.fixture
def ends(tmp_path: Path) -> list[dict[str, Any]]:
    """What came of a run for each step at which its process was killed, and of one that was not."""
    made = sealed(tree_of(FILES), "dev")
    assert isinstance(made, Sealed), [f"{one.span.path}: {one.message}" for one in made.diagnostics]
    home = tmp_path / "home"
    key = read_private_key(ensure_dev_key(home).path)
    facts = BuildFacts(".", "0" * 40, "remit:test", "0", 1_795_000_000_000, 1_795_000_000_000)
    paths = write(tmp_path / "bundle", made.bundle, attest(made.bundle, facts, (), (key,), facts.finished_ms))
    done = subprocess.run(
        [sys.executable, str(WORKER), str(home), str(paths.bundle), str(tmp_path / "requests")],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_approval_that_is_killed_between_any_two_steps_has_one_effect(ends: list[dict[str, Any]]) -> None:
    assert len(ends) > 10
    assert all(one["holds"] for one in ends)
    # People are asked once, and what they approved is intended once, wherever the process died.
    assert {(one["asked"], one["intended"]) for one in ends} == {(1, 1)}
    finished = [one for one in ends if one["reason"] == "succeeded"]
    assert {one["requests"] for one in finished} == {1}
    # Where the process died with the call open nobody knows how it ended: it is not made again, people look.
    unknown = [one for one in ends if one["reason"] is None]
    assert {one["requests"] for one in unknown} == {0, 1}
    assert {one["open"] for one in unknown} == {1}
    assert len(finished) + len(unknown) == len(ends)
