"""Files that definitions name: within the repository, no links, and read as they are."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from remit.check import CheckResult, check
from remit.git import folder_tree
from remit.link import PathRefused, resolve

CheckFiles = Callable[[Mapping[str, str]], CheckResult]

AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {{id: acme.notes, version: 0.1.0, owner: dev}}
spec:
  purpose: Write notes.
  tasks: {{write: {{text: string}}}}
  instructions: {instructions}
  models: [dev]
  output: {output}
"""
OPEN = '{"type": "object"}'


def agent(instructions: str = "notes.md", output: str = "{notes: string}") -> dict[str, str]:
    return {"agents/notes/agent.yaml": AGENT.format(instructions=instructions, output=output)}


def told(result: CheckResult) -> list[tuple[str, str]]:
    return [(found.code, found.message) for found in result.diagnostics]


@pytest.mark.parametrize(
    ("base", "path", "resolved"),
    [
        ("agents/a/agent.yaml", "notes.md", "agents/a/notes.md"),
        ("agents/a/agent.yaml", "./b/../notes.md", "agents/a/notes.md"),
        ("agents/a/agent.yaml", "../../notes.md", "notes.md"),
        ("remit.yaml", "a/b", "a/b"),
        ("std@1/tools/git/log.yaml", "../log.json", "std@1/tools/log.json"),
    ],
)
def test_a_path_is_relative_to_the_folder_of_its_file(base: str, path: str, resolved: str) -> None:
    assert resolve(base, path) == resolved


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("agents/a/agent.yaml", "../../../notes.md"),
        ("agents/a/agent.yaml", "/etc/passwd"),
        ("agents/a/agent.yaml", "~/notes.md"),
        ("agents/a/agent.yaml", "..\\notes.md"),
        ("remit.yaml", ".."),
        ("std@1/tools/git/log.yaml", "../../../agents/a/notes.md"),
    ],
)
def test_a_path_does_not_leave_the_repository(base: str, path: str) -> None:
    assert isinstance(resolve(base, path), PathRefused)


def test_a_link_is_not_followed(check_files: CheckFiles, tmp_path: Path) -> None:
    (tmp_path / "agents/notes").mkdir(parents=True)
    (tmp_path / "agents/notes/notes.md").symlink_to("/etc/hostname")

    assert told(check_files(agent())) == [("REF006", "the path `notes.md` is a symbolic link")]


def test_a_folder_that_is_a_link_is_not_entered(check_files: CheckFiles, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/notes.md").write_text("Write.")
    (tmp_path / "agents/notes").mkdir(parents=True)
    (tmp_path / "agents/notes/linked").symlink_to(tmp_path / "elsewhere")

    assert told(check_files(agent("linked/notes.md"))) == [
        ("REF006", "the path `linked/notes.md` passes through a symbolic link")
    ]


def test_a_circle_of_links_is_one_finding(check_files: CheckFiles, tmp_path: Path) -> None:
    (tmp_path / "agents/notes").mkdir(parents=True)
    (tmp_path / "agents/notes/notes.md").symlink_to("again.md")
    (tmp_path / "agents/notes/again.md").symlink_to("notes.md")

    assert [code for code, _ in told(check_files(agent()))] == ["REF006"]


def test_a_prompt_with_hidden_characters_is_refused(check_files: CheckFiles) -> None:
    result = check_files({**agent(), "agents/notes/notes.md": "Write.\u202e Never ask.\n"})

    assert [(found.code, found.span.path, found.span.start) for found in result.diagnostics] == [
        ("SYN007", "agents/notes/notes.md", (1, 7))
    ]


def test_a_prompt_that_is_no_text_is_refused(check_files: CheckFiles, tmp_path: Path) -> None:
    check_files({**agent(), "agents/notes/notes.md": ""})
    (tmp_path / "agents/notes/notes.md").write_bytes(b"\xff\xfeW\x00")

    assert [found.code for found in check(folder_tree(tmp_path)).diagnostics] == ["SYN007"]


def test_a_slot_has_the_place_of_its_root(check_files: CheckFiles) -> None:
    result = check_files({**agent(), "agents/notes/notes.md": "Write.\n\nOn {{ tsk.text }}.\n"})
    (found,) = result.diagnostics

    assert (found.code, found.span.path, found.span.start, found.span.end) == (
        "PRM001",
        "agents/notes/notes.md",
        (3, 7),
        (3, 10),
    )


def test_a_template_that_computes_is_refused_where_it_stands(check_files: CheckFiles) -> None:
    result = check_files({**agent(), "agents/notes/notes.md": "a\n{% for x in task %}{% endfor %}\n"})

    assert [(found.code, found.span.start.line) for found in result.diagnostics] == [("PRM003", 2)]


@pytest.mark.parametrize(
    ("schema", "place", "message"),
    [
        ('{"type": "object",\n "properties": {"a": {"type": "strin"}}}', (2, 31), "found `strin`"),
        ('{"type": "object",\n "properties": {"a": {"$ref": "http://a.example/b"}}}', (2, 31), "leads out"),
        ('{"type": "object", "$ref": "#/$defs/x"}', (1, 1), "does not exist"),
        ('{"type": "array"}', (1, 10), "needs `type: object`"),
        ("[]", (1, 1), "this is a list"),
        ('{"type": "object",\n}', (2, 1), "expecting property name"),
        ('{"type": "object", "type": "object"}', (1, 1), "key `type` stands twice"),
        ('{"type": NaN}', (1, 1), "`NaN` is no JSON"),
        (
            '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}',
            (1, 13),
            "only the dialect",
        ),
        ('{"type": "object", "properties": {"a": {"pattern": "("}}}', (1, 52), "regex"),
        ("[" * 100_000, (1, 1), "nested too deeply"),
    ],
    ids=lambda part: str(part)[:30],
)
def test_a_schema_that_is_none_is_told_at_its_place(
    schema: str, place: tuple[int, int], message: str, check_files: CheckFiles
) -> None:
    notes = {"agents/notes/notes.md": "Write.", "agents/notes/out.json": schema}
    (found,) = check_files({**agent(output="out.json"), **notes}).diagnostics

    assert (found.code, found.span.path, found.span.start) == ("TOL001", "agents/notes/out.json", place)
    assert message in found.message


def test_one_file_named_twice_is_read_and_judged_once(check_files: CheckFiles) -> None:
    notes = {"agents/notes/notes.md": "Write.", "agents/notes/out.json": "{"}
    twice = agent(output="out.json")["agents/notes/agent.yaml"].replace(
        "{write: {text: string}}", "{write: out.json}"
    )

    result = check_files({"agents/notes/agent.yaml": twice, **notes})

    assert [found.code for found in result.diagnostics] == ["TOL001"]


SUITE = """apiVersion: remit/v1
kind: EvalSuite
metadata: {id: notes, owner: dev}
spec:
  agent: acme.notes
  cases: cases.jsonl
  graders: [{id: shape, type: output_schema}]
  success: [shape]
"""


@pytest.mark.parametrize(
    ("case", "code", "column"),
    [
        ('{"id": "a", "script": "none.json"}', "REF007", 23),
        ('{"id": "a", "script": "../../../x.json"}', "REF006", 23),
        ('{"id": "a", "workspace": "fixture"}', "REF007", 26),
        ('{"id": "a", "workspace": "cases.jsonl"}', "REF007", 26),
        ('{"id": "a", "outcome": "succeded"}', "SCH004", 24),
        ('{"id": "a", "must_pass": 1}', "SCH003", 26),
        ('{"id": "a", "input": []}', "SCH003", 22),
        ('{"input": {}}', "SCH002", 2),
        ('{"id": "a"', "SCH003", 11),
        ("[]", "SCH003", 1),
        ('{"id": "ok"}', "REF003", 8),
        ('{"input": {"a": "\\ud83d\\ude00"}}', "SCH003", 1),
        ('{"input": {"a": ' + "[" * 70 + "]" * 70 + "}}", "SCH003", 1),
    ],
)
def test_a_mistake_in_a_case_is_told_at_its_place(
    case: str, code: str, column: int, check_files: CheckFiles
) -> None:
    cases = f'{{"id": "ok"}}\n\n{case}\n'
    files = {**agent("{text: Write.}"), "evals/notes/suite.yaml": SUITE, "evals/notes/cases.jsonl": cases}
    (found,) = check_files(files).diagnostics

    assert (found.code, found.span.path) == (code, "evals/notes/cases.jsonl")
    assert found.span.start == (3, column)


def test_a_suite_without_a_case_is_told_where_it_names_them(check_files: CheckFiles) -> None:
    files = {**agent("{text: Write.}"), "evals/notes/suite.yaml": SUITE, "evals/notes/cases.jsonl": "\n"}
    (found,) = check_files(files).diagnostics

    assert (found.code, found.span.path, found.span.start) == ("REF007", "evals/notes/suite.yaml", (6, 10))


def test_a_workspace_is_a_folder_with_files(check_files: CheckFiles) -> None:
    files = {
        **agent("{text: Write.}"),
        "evals/notes/suite.yaml": SUITE,
        "evals/notes/cases.jsonl": '{"id": "a", "workspace": "fixture"}\n',
        "evals/notes/fixture/src/a.py": "",
    }

    result = check_files(files)

    assert told(result) == []
    assert [case.workspace for case in result.portfolio.cases["notes"]] == ["fixture"]
