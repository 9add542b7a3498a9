"""Prompts in a repository: evaluated for every state that asks with them, and told where their files say it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from remit.check import CheckResult, check
from remit.git import folder_tree

CheckFiles = Callable[[Mapping[str, str]], CheckResult]
AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {id: acme.notes, version: 0.1.0, owner: dev}
spec:
  purpose: Write notes.
  tasks: {write: {text: string}}
  instructions: notes.md
  models: [dev]
  tools: [git.log, git.grep]
  output: {notes: string}
"""
GRAPHED = AGENT.replace("  output:", "  orchestration: {graph: graph.yaml}\n  output:")
GRAPH = """apiVersion: remit/v1
kind: Graph
spec:
  start: look
  states:
    look: {type: model, prompt: look.md, tools: [git.log], next: write}
    write: {type: model, tools: [git.grep], next: done}
    done: {type: end, outcome: succeeded, output: "${write}"}
"""


def places(result: CheckResult) -> list[tuple[str, str, int, int]]:
    return [
        (found.code, found.span.path, found.span.start.line, found.span.start.column)
        for found in result.diagnostics
    ]


def notes(text: str, **others: str) -> dict[str, str]:
    return {"agents/notes/agent.yaml": AGENT, "agents/notes/notes.md": text, **others}


def test_a_prompt_of_names_loops_and_includes_is_no_finding(check_files: CheckFiles) -> None:
    text = "{% for t in tools %}- {{ t.id }}{% endfor %}{% include '../shared/tone.md' %}{{ task.text }}"
    files = notes(text, **{"agents/shared/tone.md": "Be {{ agent.id }} {% include 'end.md' %}"})
    assert places(check_files({**files, "agents/shared/end.md": "{{ task.text }}"})) == []


def test_a_fault_is_told_at_its_line_and_column(check_files: CheckFiles) -> None:
    found = places(check_files(notes("one\n two {{ task.text | upper }}")))
    assert found == [("PRM003", "agents/notes/notes.md", 2, 9)]


def test_a_slot_that_leads_nowhere_is_told_in_the_included_file(check_files: CheckFiles) -> None:
    files = notes("{% include 'tone.md' %}", **{"agents/notes/tone.md": "Is\n{{ tasks.text }}"})
    assert places(check_files(files)) == [("PRM001", "agents/notes/tone.md", 2, 4)]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("gone.md", "REF007"),
        ("../../../gone.md", "REF006"),
        ("/etc/passwd", "REF006"),
        ("~/notes.md", "REF006"),
        ("..\\\\notes.md", "REF006"),
    ],
)
def test_an_include_stays_in_the_repository(check_files: CheckFiles, written: str, code: str) -> None:
    [(found, path, line, column)] = places(check_files(notes("x\n{% include '" + written + "' %}")))
    assert (path, line, column) == ("agents/notes/notes.md", 2, 12)
    assert found == code


def test_an_include_is_never_read_through_a_link(tmp_path: Path, check_files: CheckFiles) -> None:
    check_files(notes("{% include 'tone.md' %}{% include 'sub/a.md' %}"))
    (tmp_path / "outside.md").write_text("secret", "utf-8")
    (tmp_path / "agents/notes/tone.md").symlink_to(tmp_path / "outside.md")
    (tmp_path / "agents/notes/sub").symlink_to(tmp_path)
    result = check(folder_tree(tmp_path))
    assert [found.code for found in result.diagnostics] == ["REF006", "REF006"]
    for written in ("tone.md", "sub/outside.md"):
        with pytest.raises(LookupError):
            result.portfolio.included("agents/notes/agent.yaml", written)


def test_hidden_characters_in_an_included_file_are_told(check_files: CheckFiles) -> None:
    files = notes("{% include 'tone.md' %}", **{"agents/notes/tone.md": "Be\u202e kind."})
    assert [code for code, *_ in places(check_files(files))] == ["SYN007"]


def test_instructions_are_evaluated_for_every_state_and_each_fault_told_once(check_files: CheckFiles) -> None:
    files = {
        "agents/notes/agent.yaml": GRAPHED,
        "agents/notes/graph.yaml": GRAPH,
        "agents/notes/notes.md": "{% if tools[0].id == 'git.grep' %}{{ tools[1] }}{% endif %}{{ agent.nick }}",
        "agents/notes/look.md": "{{ tools[0].id }} {{ task.text }}",
    }
    found = places(check_files(files))
    assert found == [
        ("PRM003", "agents/notes/notes.md", 1, 38),
        ("PRM003", "agents/notes/notes.md", 1, 63),
    ]


def test_a_fault_of_an_inline_prompt_stands_at_its_text(check_files: CheckFiles) -> None:
    inline = AGENT.replace("notes.md", "{text: '{{ task.text | upper }}'}")
    [(code, path, line, column)] = places(check_files({"agents/notes/agent.yaml": inline}))
    assert (code, path, line, column) == ("PRM003", "agents/notes/agent.yaml", 7, 24)


@pytest.mark.parametrize("name", ["agent", "tools", "handoffs", "loop"])
def test_no_state_has_a_name_that_prompts_know(check_files: CheckFiles, name: str) -> None:
    files = {
        "agents/notes/agent.yaml": GRAPHED,
        "agents/notes/graph.yaml": GRAPH.replace("look", name).replace(f"{name}.md", "notes.md"),
        "agents/notes/notes.md": "Write.",
    }
    assert "SCH" in {code[:3] for code, *_ in places(check_files(files))}


def test_a_graph_that_no_agent_names_is_evaluated_too(check_files: CheckFiles) -> None:
    files = {"agents/notes/graph.yaml": GRAPH, "agents/notes/look.md": "{{ agent.id | reverse }}"}
    assert ("PRM003", "agents/notes/look.md", 1, 4) in places(check_files(files))


SOURCE = """apiVersion: remit/v1
kind: ContextSource
metadata: {{id: change}}
spec: {{{spec}}}
"""


@pytest.mark.parametrize(
    ("spec", "codes"),
    [
        ("type: file, path: A.md, trust: trusted", []),
        ("type: task", []),
        ("type: tool, tool: git.log, args: {since: v1}", []),
        ("type: tool, tool: git.log, args: {since: v1}, trust: trusted", ["SCH004"]),
        ("type: task, trust: trusted", ["SCH004"]),
        ("type: tool, tool: acme.write", ["REF001"]),
    ],
)
def test_a_source_of_context_reads_and_only_a_file_is_trusted(
    check_files: CheckFiles, spec: str, codes: list[str]
) -> None:
    tool = (
        "apiVersion: remit/v1\nkind: Tool\nmetadata: {id: acme.write, version: 1.0.0, owner: dev}\nspec:\n"
        "  effect: write\n  input: {type: object}\n  output: {type: object}\n"
        "  implementation: {process: {argv: [git, commit]}}\n"
    )
    files = {"policies/change.yaml": SOURCE.format(spec=spec), "tools/acme/write.yaml": tool}
    assert [code for code, *_ in places(check_files(files))] == codes


CONTEXT = AGENT.replace("notes.md", "{text: Write.}").replace("  output:", "  context: {%s}\n  output:")


@pytest.mark.parametrize(
    ("context", "count"), [("required: [a], optional: [b]", 0), ("required: [a], optional: [b, a]", 1)]
)
def test_a_source_is_required_or_optional(check_files: CheckFiles, context: str, count: int) -> None:
    files = {"agents/notes/agent.yaml": CONTEXT % context}
    for name in ("a", "b"):
        files[f"policies/{name}.yaml"] = SOURCE.format(spec="type: task").replace("change", name)
    assert len(check_files(files).diagnostics) == count
