"""Corrections: each is the only thing that can have been meant, and changes no other character."""

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.check import check
from remit.cli import main
from remit.diagnostic import Edit
from remit.fix import corrected, fixed, in_key_order
from remit.git import folder_tree
from remit.source import Position, Span, span_at

ROOT = "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n"
AGENT = """\
# The first agent.
apiVersion: remit/v1
kind: Agent   # of ours
metadata: {id: acme.digest, version: 0.1.0, owner: dev}
spec:
  purpose:   Summarise recent commits.
  tasks: {range: {since: string}}
  instructions: {text: "Summarise the commits since {{ task.since }}."}
  tools: [git.log]  # reads only
  models: ['dev']
  output: {summary: string}
"""
GRAPH = """\
apiVersion: remit/v1
kind: Graph
spec:
  start: work
  states:
    work: {type: tool, tool: git.log, next: done}
    done: {type: end, outcome: succeeded, output: "${work}"}
"""


def repository(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in {"remit.yaml": ROOT, "agents/digest/agent.yaml": AGENT, **files}.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return root


CASES = [
    ("a key", "tools:", "tols:"),
    ("a key in braces", "owner: dev", "ownr: dev"),
    ("a key in another case", "models:", "Models:"),
    ("a word of a list", "kind: Agent", "kind: Agnet"),
    ("an id", "[git.log]", "[git.lgo]"),
    ("an id with a version", "[git.log@latest]", "[git.lgo@latest]"),
    ("an id in quotes", "['dev']", "['dve']"),
    ("a missing version of the language", "apiVersion: remit/v1\n", ""),
    ("a text that wants quotes", '{range: {since: "on"}}', "{range: {since: on}}"),
]
"""What should stand in the agent, and the slip in its place."""


@pytest.mark.parametrize(("right", "wrong"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_slip_is_corrected_and_nothing_else(tmp_path: Path, right: str, wrong: str) -> None:
    # A text that wants quotes is no type of a field: it stays an error, which is the author's.
    meant = (
        AGENT
        if right in AGENT
        else AGENT.replace(right.replace('"on"', "string").replace("@latest", ""), right)
    )
    head, _, rest = meant.partition(right)
    tree = folder_tree(repository(tmp_path, {"agents/digest/agent.yaml": head + wrong + rest}))

    result = fixed(tree)

    assert result.after == {"agents/digest/agent.yaml": meant}
    assert result.corrections == 1


def test_a_file_that_is_named_wrongly_is_found_again(tmp_path: Path) -> None:
    agent = AGENT.replace('{text: "Summarise the commits since {{ task.since }}."}', "./promts.md")
    tree = folder_tree(
        repository(
            tmp_path,
            {"agents/digest/agent.yaml": agent, "agents/digest/prompts.md": "Since {{ task.since }}."},
        )
    )

    assert fixed(tree).after == {"agents/digest/agent.yaml": agent.replace("promts", "prompts")}


def test_a_correction_that_shows_the_next_mistake_is_followed_by_its_own(tmp_path: Path) -> None:
    broken = GRAPH.replace("states:", "state:").replace("next: done", "next: doen")
    tree = folder_tree(repository(tmp_path, {"agents/digest/graph.yaml": broken}))

    result = fixed(tree)

    assert result.after == {"agents/digest/graph.yaml": GRAPH}
    assert result.corrections == 2


@pytest.mark.parametrize(
    "wrong",
    [
        AGENT.replace("tools: [git.log]", "tools: [git.sho]").replace("git.sho", "acme.too"),
        AGENT.replace("since: string", "since: 012"),
        AGENT.replace("  models: ['dev']", "  model: ['dev']\n  models: ['dev']"),
        AGENT.replace("models: ['dev']", "models: ['production']"),
    ],
    ids=["no name is near", "a number or a text", "the key stands there already", "another word"],
)
def test_what_could_have_been_meant_otherwise_is_left_alone(tmp_path: Path, wrong: str) -> None:
    tree = folder_tree(repository(tmp_path, {"agents/digest/agent.yaml": wrong}))

    assert check(tree).has_errors
    assert fixed(tree).corrections == 0


def test_a_word_that_resembles_two_is_left_alone(tmp_path: Path) -> None:
    graph = GRAPH.replace("next: done", "next: don").replace(
        '"${work}"}', '"${work}"}\n    dont: {type: end, outcome: failed}'
    )
    tree = folder_tree(repository(tmp_path, {"agents/digest/graph.yaml": graph}))

    assert fixed(tree).corrections == 0


def test_a_name_that_stands_twice_in_one_text_is_left_alone(tmp_path: Path) -> None:
    graph = GRAPH.replace('"${work}"', '"${wrok.a} and ${wrok.b}"')
    tree = folder_tree(repository(tmp_path, {"agents/digest/graph.yaml": graph}))

    assert fixed(tree).corrections == 0


def test_the_top_keys_come_in_order_with_their_comments(tmp_path: Path) -> None:
    mixed = (
        "# About this file.\n\nkind: Graph\n# What it does.\n# In states.\nspec:\n  start: work\n  states:\n"
        "    work: {type: tool, tool: git.log, next: done}\n"
        '    done: {type: end, outcome: succeeded, output: "${work}"}\n'
        "# The language.\napiVersion: remit/v1\n"
    )
    ordered = (
        "# About this file.\n\n# The language.\napiVersion: remit/v1\nkind: Graph\n"
        "# What it does.\n# In states.\nspec:\n"
        "  start: work\n  states:\n    work: {type: tool, tool: git.log, next: done}\n"
        '    done: {type: end, outcome: succeeded, output: "${work}"}\n'
    )

    assert in_key_order("agents/a/graph.yaml", mixed) == ordered
    assert in_key_order("agents/a/graph.yaml", ordered) == ordered


@pytest.mark.parametrize(
    "text",
    ["{kind: Graph, apiVersion: remit/v1}\n", "kind: Graph\nspec: [\n", "kind: Graph\napiVersion: remit/v1"],
)
def test_what_is_not_a_mapping_in_lines_is_not_ordered(text: str) -> None:
    assert in_key_order("agents/a/graph.yaml", text) is None


def test_the_diff_comes_first_and_the_files_change_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = repository(tmp_path, {"agents/digest/agent.yaml": AGENT.replace("tools:", "tols:")})
    file = root / "agents/digest/agent.yaml"
    file.chmod(0o640)

    assert main(["fix", str(root)]) == 1
    shown = capsys.readouterr().out
    assert "-  tols: [git.log]  # reads only\n+  tools: [git.log]  # reads only\n" in shown
    assert shown.endswith("1 correction in 1 file; `remit fix --write` makes them\n")
    assert "tols" in file.read_text()

    assert main(["fix", str(root), "--write"]) == 0
    assert file.read_text() == AGENT
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["agent.yaml"]

    capsys.readouterr()
    assert main(["fix", str(root)]) == 0
    assert capsys.readouterr().out == "nothing to correct\n"


def test_lines_end_as_they_did(tmp_path: Path) -> None:
    wrong = AGENT.replace("tools:", "tols:").replace("\n", "\r\n")
    tree = folder_tree(repository(tmp_path, {"agents/digest/agent.yaml": wrong}))

    assert fixed(tree).after == {"agents/digest/agent.yaml": AGENT.replace("\n", "\r\n")}


@given(st.text(alphabet="ab\n ${}'\"é", max_size=40), st.data())
def test_an_edit_changes_its_span_alone(text: str, data: st.DataObject) -> None:
    lines = text.split("\n")
    row = data.draw(st.integers(0, len(lines) - 1))
    start = data.draw(st.integers(0, len(lines[row])))
    stop = data.draw(st.integers(start, len(lines[row])))
    span = Span("f", Position(row + 1, start + 1), Position(row + 1, stop + 1))
    offset = sum(len(line) + 1 for line in lines[:row])

    changed, made = corrected(text, [Edit(span, "name")])

    head, tail = text[: offset + start], text[offset + stop :]
    assert changed.startswith(head)
    assert changed.endswith(tail)
    assert made == (changed != text)


def test_an_edit_of_a_place_that_is_not_there_is_not_made() -> None:
    assert corrected("a: b\n", [Edit(span_at("f", 7, 1, 2), "c"), Edit(span_at("f", 1, 30, 2), "c")]) == (
        "a: b\n",
        0,
    )
