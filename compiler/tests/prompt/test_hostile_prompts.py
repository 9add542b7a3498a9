"""Hostile prompts in repositories: a check of them ends with findings, within bounds on work and memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from remit.check import check
from remit.git import folder_tree

CPU_SECONDS, MEMORY_BYTES = 60, 1 << 30
"""Far above what any of these takes, and far below what each would take without caps."""
ROOT = "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n"
AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {id: acme.notes, version: 0.1.0, owner: dev}
spec:
  purpose: Write notes.
  tasks: {write: {text: string}}
  instructions: notes.md
  models: [dev]
  tools: [git.log, git.grep, git.show, git.diff, git.ls_files, code.symbols, code.repo_map]
  output: {notes: string}
"""
TOOLS = ("git.log", "git.grep", "git.show", "git.diff", "git.ls_files", "code.symbols", "code.repo_map")


def with_states(number: int) -> dict[str, str]:
    """An agent of so many states, of which as many as there are choices of tools see a prompt each in their own way."""
    lines = ["apiVersion: remit/v1", "kind: Graph", "spec:", "  start: s0", "  states:"]
    for at in range(number):
        tools = ", ".join(tool for bit, tool in enumerate(TOOLS) if at >> bit & 1)
        after = f"s{at + 1}" if at + 1 < number else "done"
        lines.append(f"    s{at}: {{type: model, tools: [{tools}], next: {after}}}")
    lines.append('    done: {type: end, outcome: succeeded, output: "${s0}"}')
    agent = AGENT.replace("  output:", "  orchestration: {graph: graph.yaml}\n  output:")
    return {"agents/notes/agent.yaml": agent, "agents/notes/graph.yaml": "\n".join(lines) + "\n"}


NUMBERS = "[" + ",".join("1" * 400) + "]"
BUSY = "{% set n = " + NUMBERS + " %}" + "{% for a in n %}{{ a }}{% endfor %}" * 20
BOMB = {f"agents/notes/b{at}.md": f"{{% include 'b{at + 1}.md' %}}" * 10 for at in range(8)}
HOSTILE: Mapping[str, Mapping[str, str]] = {
    "openings": {"agents/notes/notes.md": "{{" * 32_768},
    "closings": {"agents/notes/notes.md": "}}" * 500_000},
    "parentheses": {"agents/notes/notes.md": "{{ " + "(" * 10_000 + "1" + ")" * 10_000 + " }}"},
    "deep blocks": {"agents/notes/notes.md": "{% if 1 %}" * 1_000 + "x" + "{% endif %}" * 1_000},
    "unclosed blocks": {"agents/notes/notes.md": "{% for a in tools %}" * 1_000},
    "unclosed comment": {"agents/notes/notes.md": "a {# " * 10_000},
    "unclosed raw": {"agents/notes/notes.md": "{% raw %}" * 1_000},
    "zero bytes": {"agents/notes/notes.md": "a\x00{{ task.text }}\x00"},
    "turned text": {"agents/notes/notes.md": "a \u202e{{ task.text }}\u2066 {% include 'x' %}"},
    "letters of other scripts": {
        "agents/notes/notes.md": "{{ t\u0430sk.text }} {{ \uff54\uff41\uff53\uff4b }}"
    },
    "names between underscores": {"agents/notes/notes.md": "{{ ''.__class__.__mro__[1].__subclasses__() }}"},
    "a bomb of includes": {
        "agents/notes/notes.md": "{% include 'b0.md' %}",
        **BOMB,
        "agents/notes/b8.md": "x{# #}",
    },
    "a circle of includes": {"agents/notes/notes.md": "{% include 'notes.md' %}" * 1_000},
    "many faults in many states": {**with_states(128), "agents/notes/notes.md": "{{ a | b }}" * 5_000},
    "much work in many states": {**with_states(128), "agents/notes/notes.md": BUSY},
    "many slots in many states": {**with_states(1_000), "agents/notes/notes.md": "{{ task.text }} " * 900},
    "a text that never is a secret": {"agents/notes/notes.md": "-eyJ" * 200_000 + "{{ a | b }}"},
    "words with dots": {"agents/notes/notes.md": "git.show " * 100_000 + "{{ a | b }}"},
    "marks in marks": {"agents/notes/notes.md": "<a>{{ task.text }}" * 900 + "</b>" * 900 + "{{ task.a }}"},
}


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, content in {"remit.yaml": ROOT, "agents/notes/agent.yaml": AGENT, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, encoding="utf-8")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_check_of_a_hostile_prompt_ends_with_findings_in_time(tmp_path: Path, name: str) -> None:
    write(tmp_path, HOSTILE[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime

    found = check(folder_tree(tmp_path)).diagnostics

    assert 1 <= len(found) <= 1_100
    assert all(len(one.message) < 400 for one in found)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < CPU_SECONDS


def capped() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


@pytest.mark.parametrize("name", ["parentheses", "zero bytes", "many slots in many states"])
def test_a_hostile_prompt_is_told_by_the_program_itself(tmp_path: Path, name: str) -> None:
    write(tmp_path, HOSTILE[name])
    argv = [sys.executable, "-m", "remit", "check", "--format", "json", str(tmp_path)]

    ended = subprocess.run(argv, capture_output=True, text=True, check=False, preexec_fn=capped)

    assert ended.returncode == 1
    assert ended.stderr == ""
    assert all(one["path"].startswith("agents/notes/") for one in json.loads(ended.stdout)["diagnostics"])
