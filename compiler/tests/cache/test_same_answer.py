"""The law of the cache: whatever was edited before, a check that remembers says what a check from nothing says."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

ROOT = "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n"
TEAM = 'apiVersion: remit/v1\nkind: Team\nmetadata: {id: ops}\nspec: {members: [{principal: "os:*", roles: [a]}]}\n'


def _agent(name: str, body: str, version: str = "0.1.0", risk: str = "low") -> str:
    return f"""apiVersion: remit/v1
kind: Agent
metadata: {{id: acme.{name}, version: {version}, owner: dev, risk: {risk}}}
spec:
  purpose: Write notes.
  tasks: {{write: {{text: string}}}}
{body}  output: {{text: string}}
"""


_LOOP = "  instructions: notes.md\n  models: [dev]\n  tools: [git.log, acme.send]\n  evaluation: {suites: [notes]}\n"
_GRAPHED = "  instructions: notes.md\n  models: [dev]\n  orchestration: {graph: graph.yaml}\n"
_HANDS_OFF = """  orchestration:
    workflow:
      steps: [{{id: ask, type: handoff, agent: acme.{target}, input: {{text: "${{task.text}}"}}}}]
      output: "${{ask}}"
"""


def _graph(end: str = "done", start: str = "look") -> str:
    return f"""apiVersion: remit/v1
kind: Graph
spec:
  start: {start}
  states:
    look: {{type: tool, tool: git.log, args: {{since: "${{task.text}}"}}, next: {{ok: write, error: failed}}}}
    write: {{type: model, prompt: write.md, decides: {{text: string}}, next: {end}, exhausted: failed}}
    done: {{type: end, outcome: succeeded, output: "${{write}}"}}
    failed: {{type: end, outcome: failed}}
"""


def _tool(schema: str, arguments: str = "{to: {role: target, type: email}}", name: str = "acme.send") -> str:
    return f"""apiVersion: remit/v1
kind: Tool
metadata: {{id: {name}, version: 0.1.0, owner: dev}}
spec:
  effect: write
  input: {schema}
  output: {{type: object}}
  arguments: {arguments}
  implementation: {{process: {{argv: [sender, "{{to}}"]}}}}
"""


_INLINE = "{type: object, additionalProperties: false, properties: {to: {type: string}}}"
_SUITE = """apiVersion: remit/v1
kind: EvalSuite
metadata: {id: notes, owner: dev}
spec:
  agent: acme.%s
  cases: cases.jsonl
  graders: [{id: %s, type: output_schema}]
  success: [%s]
"""
_GATE = """apiVersion: remit/v1
kind: Gate
metadata: {id: quality}
spec:
  environments: [dev]
%s  require: [{metric: %s, op: ">=", value: %s%s}]
"""
_POLICY = """apiVersion: remit/v1
kind: Policy
metadata: {id: sending, owner: ops}
spec:
  rules:
    - {id: no-mail, effect: forbid, reason: nobody reads it, %s}
"""

FILES: Mapping[str, tuple[str, ...]] = {
    "remit.yaml": (
        ROOT,
        ROOT + "rules: {REF004: off, argument-without-role: error}\n",
        ROOT + "rules: {no-such-rule: off}\n",
        "apiVersion: remit/v1\norganisation: acme\n",
        ROOT
        + 'suppressions: [{rule: REF004, path: tools/send.yaml, reason: soon, owner: ops, expires: "2026-12-31"}]\n',
        "organisation: [\n",
    ),
    "agents/notes/agent.yaml": (
        _agent("notes", _LOOP),
        _agent("notes", _LOOP, version="0.2.0", risk="high"),
        _agent("notes", _GRAPHED),
        _agent("notes", _HANDS_OFF.format(target="other")),
        _agent("notes", _LOOP.replace("acme.send", "acme.sned")),
        _agent("other", _LOOP),
        "kind: Agent\n  x",
    ),
    "agents/other/agent.yaml": (
        _agent("other", _LOOP.replace("notes.md", "../notes/notes.md")),
        _agent("other", _HANDS_OFF.format(target="notes")),
        _agent("other", _GRAPHED.replace("graph.yaml", "../notes/graph.yaml")),
        _agent("notes", _LOOP),
    ),
    "agents/notes/graph.yaml": (_graph(), _graph(end="gone"), _graph(start="write"), _agent("third", _LOOP)),
    "agents/notes/notes.md": (
        "Write {{ task.text }}.\n",
        "Write {{ task.txt }}.\n",
        "{% include 'tone.md' %}{{ tools[0].id }}\n",
        "{% if %}",
        "Hidden\u202e text\n",
    ),
    "agents/notes/write.md": ("Say {{ look }}.\n", "Say {{ write.text }}.\n"),
    "agents/notes/tone.md": ("Be kind to {{ task.text }}.\n", "{{ agent.nick }}"),
    "tools/send.yaml": (
        _tool(_INLINE),
        _tool("send.json"),
        _tool(_INLINE, "{body: {role: content}}"),
        _tool(_INLINE, "{}"),
        _tool("{type: int}"),
        _tool(_INLINE, name="git.log"),
    ),
    "tools/again.yaml": (_tool(_INLINE), _tool(_INLINE, name="acme.again")),
    "tools/send.json": (
        '{"type": "object", "additionalProperties": false, "properties": {"to": {"type": "string"}}}',
        '{"type": "object", "properties": {"cc": {"type": "string"}}, "additionalProperties": false}',
        '{"type": "nothing"}',
        "{",
    ),
    "evals/notes/suite.yaml": (
        _SUITE % ("notes", "shape", "shape"),
        _SUITE % ("other", "form", "form"),
        _SUITE % ("notes", "shape", "form"),
    ),
    "evals/notes/cases.jsonl": (
        '{"id": "one", "input": {"text": "a"}}\n',
        '{"id": "one", "input": {"text": "a"}}\n{"id": "one", "task": "read", "input": {}}\n',
        '{"id": "one", "script": "one.json", "workspace": "files"}\n',
        "nothing\n",
    ),
    "evals/notes/one.json": ("{}",),
    "evals/notes/files/a.txt": ("a",),
    "policies/gate.yaml": (
        _GATE % ("", "grader_pass_rate", "0.02", ", grader: shape"),
        _GATE % ("  suites: [notes]\n  agents: [acme.other]\n", "task_success_rate", "0.9", ""),
        _GATE % ("  risk: [high]\n", "grader_pass_rate", "0.02", ", grader: form"),
    ),
    "policies/sending.yaml": (
        _POLICY % "tools: [acme.send], when: {args.to: {ne: ops@acme.example}}",
        _POLICY % "tools: [acme.send], when: {args.cc: {is: nobody}}",
        _POLICY % "when: {args.to: {gt: 3}}",
        _POLICY % "capabilities: [acme.send], tenants: [gone]",
    ),
    "policies/team.yaml": (TEAM, TEAM.replace("ops", "opsen")),
    "policies/model.yaml": (
        """apiVersion: remit/v1
kind: Model
metadata: {id: house}
spec:
  {provider: openai, model: house-7b, endpoint: "https://models.example/v1", context_tokens: 32000,
  max_output_tokens: 1000, capabilities: [json_schema]}
""",
    ),
    "docs/unread.md": ("nobody reads this\n", "nor this\n"),
}
"""The contents that a file may have, the first of them good."""


def write(root: Path, path: str, content: str) -> None:
    """Writes one file."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(content, encoding="utf-8")


def write_good(root: Path) -> None:
    """Writes a repository in which only the second agent, the second tool and the model are missing."""
    for path, contents in FILES.items():
        if path not in ("agents/other/agent.yaml", "tools/again.yaml", "policies/model.yaml"):
            write(root, path, contents[0])


# ---- the law


class Edits(RuleBasedStateMachine):
    """A repository that somebody edits, and checks after every edit."""

    check: Any
    in_git = False
    pause_seconds = 0.0
    formats = ("text", "json")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="remit-edits-")
        self.root = Path(self.folder.name)
        if self.in_git:
            subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        write_good(self.root)

    @rule(data=st.data())
    def edit(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(FILES)))
        write(self.root, path, data.draw(st.sampled_from(FILES[path])))

    @rule(path=st.sampled_from(sorted(FILES)))
    def delete(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    @rule(path=st.sampled_from(sorted(FILES)), to=st.sampled_from(sorted(FILES)))
    def rename(self, path: str, to: str) -> None:
        if (self.root / path).exists():
            (self.root / to).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).rename(self.root / to)

    @rule(path=st.sampled_from(sorted(FILES)))
    def touch(self, path: str) -> None:
        if (self.root / path).exists():
            os.utime(self.root / path)

    @rule(path=st.sampled_from(sorted(FILES)))
    def link(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).symlink_to(self.root / "remit.yaml")

    @rule()
    def restore(self) -> None:
        write_good(self.root)

    @invariant()
    def both_say_the_same(self) -> None:
        time.sleep(self.pause_seconds)
        for form in self.formats:
            kept = self.check(self.root, "--format", form)
            fresh = self.check(self.root, "--format", form, "--no-cache")
            assert kept.out == fresh.out
            assert kept.code == fresh.code
            assert kept.err == fresh.err == ""
        again = self.check(self.root, "--format", self.formats[0], "--statistics")
        assert '"cache": "miss"' not in again.err

    def teardown(self) -> None:
        self.folder.cleanup()


FEW = settings(
    max_examples=int(os.environ.get("REMIT_EDITS", "6")),
    stateful_step_count=int(os.environ.get("REMIT_EDIT_STEPS", "8")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def machine(check: Any, **facts: Any) -> type[Edits]:
    return type("Edits", (Edits,), {"check": staticmethod(check), **facts})


def test_a_check_that_remembers_says_what_a_fresh_one_says(check: Any) -> None:
    run_state_machine_as_test(machine(check), settings=FEW)


def test_so_it_does_where_git_lists_the_files(check: Any) -> None:
    run_state_machine_as_test(machine(check, in_git=True), settings=settings(FEW, max_examples=3))


def test_so_it_does_where_files_are_told_by_their_times(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The coarsest times of a file system are two seconds; of this one they are known to be finer.
    monkeypatch.setattr("remit.cache.scan.RACY_NS", 30_000_000)
    run_state_machine_as_test(machine(check, pause_seconds=0.04), settings=settings(FEW, max_examples=3))
