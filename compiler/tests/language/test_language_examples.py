"""The contract with authors holds: its examples check, and every key and name of them is looked at."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from remit.check import check
from remit.definitions import KINDS, Root
from remit.definitions.keys import parts_at
from remit.definitions.leaves import Leaf, leaves
from remit.definitions.schema import json_schema
from remit.definitions.words import KEY
from remit.diagnostic import Fault
from remit.git import Tree, definitions, folder_tree
from remit.link import Portfolio, link
from remit.parse import ParsedFile, parse
from remit.read import Path as Steps
from remit.read import ReadFile, read
from remit.source import Span
from remit.std import library_tree

Examples = Mapping[str, Mapping[str, str]]
WithKey = Callable[[str, ReadFile, Steps, str], tuple[str, int]]
Change = Callable[[str, Span, str], str]
MappingsOf = Callable[[object], list[tuple[Steps, Mapping[str, object]]]]

UNKNOWN = "zz_unknown"
# Section 1 of docs/language.md: the mappings whose keys the author chooses, and where they lie.
CHOSEN = {
    *("labels", "tasks", "states", "branches", "args", "arguments", "values", "input", "artifacts", "when"),
    *("facts", "constraints", "attributes", "patterns", "hosts", "agents", "rules", "output_trust"),
    *("headers", "select"),
}
SHAPES_AND_SCHEMAS = frozenset(("tasks", "output", "input", "decides", "schema", "values"))


def model_of(value: Any) -> type[Any]:
    return KINDS[value["kind"]] if "kind" in value else Root


def yaml_files(examples: Examples) -> Iterator[tuple[str, str, str]]:
    for repository, files in examples.items():
        for path, text in files.items():
            if path.endswith(".yaml"):
                yield repository, path, text


def parsed_files(tree: Tree) -> list[ParsedFile]:
    library = library_tree()
    contents = [(path, tree.read(path)) for path in definitions(tree)]
    contents += [(path, library.read(path)) for path in library.paths if path.endswith(".yaml")]
    return [parse(read(path, content)) for path, content in contents if isinstance(content, bytes)]


def all_faults(portfolio: Portfolio) -> list[Fault]:
    return [fault for faults in portfolio.faults.values() for fault in faults]


@pytest.mark.parametrize("repository", ["smallest", "grown", "forms"])
def test_every_example_repository_checks_without_a_finding(
    repository: str, written: Mapping[str, Path]
) -> None:
    result = check(folder_tree(written[repository]))

    assert result.diagnostics == ()
    assert result.files > len(list(written[repository].rglob("*.yaml"))) > 1


def test_the_examples_show_every_kind(examples: Examples) -> None:
    values: list[Any] = [read(path, text.encode()).value for _, path, text in yaml_files(examples)]

    assert {value.get("kind", "remit.yaml") for value in values} == {*KINDS, "remit.yaml"}


def test_an_unknown_key_in_any_mapping_is_one_fault_on_its_line(
    examples: Examples, with_key: WithKey, mappings_of: MappingsOf
) -> None:
    tried = 0
    wrong: list[object] = []
    for _, path, text in yaml_files(examples):
        file = read(path, text.encode())
        for at, _ in mappings_of(file.value):
            if not parts_at(model_of(file.value), at, file.value):
                continue
            changed, line = with_key(text, file, at, UNKNOWN)
            faults = parse(read(path, changed.encode())).faults
            tried += 1
            if [(fault.kind, fault.subject, fault.span.start.line) for fault in faults] != [
                ("unknown-key", UNKNOWN, line)
            ]:
                wrong.append((path, at, faults))

    assert wrong == []
    assert tried > 150


def test_an_unknown_key_is_one_finding_of_the_whole_check(
    examples: Examples, with_key: WithKey, mappings_of: MappingsOf, tmp_path: Path
) -> None:
    for path, content in examples["smallest"].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    for path in ("remit.yaml", "agents/digest/agent.yaml"):
        text = examples["smallest"][path]
        file = read(path, text.encode())
        for at, _ in mappings_of(file.value):
            if parts_at(model_of(file.value), at, file.value):
                changed, line = with_key(text, file, at, UNKNOWN)
                (tmp_path / path).write_text(changed, encoding="utf-8")
                found = [
                    (one.code, one.span.path, one.span.start.line)
                    for one in check(folder_tree(tmp_path)).diagnostics
                ]
                assert found == [("SCH001", path, line)], at
        (tmp_path / path).write_text(text, encoding="utf-8")


def test_the_author_chooses_the_keys_of_no_other_mappings_than_the_language_says(
    examples: Examples, mappings_of: MappingsOf
) -> None:
    loose = [
        (path, at)
        for _, path, text in yaml_files(examples)
        for value in [read(path, text.encode()).value]
        for at, _ in mappings_of(value)
        if not parts_at(model_of(value), at, value)
        and at[-1] not in CHOSEN
        and not any(step in SHAPES_AND_SCHEMAS for step in at)
    ]

    assert loose == []


def test_an_unknown_key_of_a_case_is_one_fault_on_its_line(examples: Examples, tmp_path: Path) -> None:
    for path, content in examples["grown"].items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    cases = tmp_path / "evals/review/cases.jsonl"
    lines = cases.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        line = line.replace("{", '{"zz_unknown": 1, ', 1)
        changed = [*lines[: number - 1], line, *lines[number:]]
        cases.write_text("".join(changed), encoding="utf-8")
        found = check(folder_tree(tmp_path)).diagnostics
        assert [(one.code, one.span.start) for one in found] == [("SCH001", (number, 2))]


# ---- references


def misspelt(name: str) -> str:
    return name[:-1] + "zq" if len(name) > 6 else name + "z"


def misspelling(leaf: Leaf, file: ReadFile, text: str, change: Change) -> tuple[str, Span] | None:
    """The text with the name of a leaf misspelt, and the place of it; None where it was left to its default."""
    path = tuple(step for step in leaf.path if step != KEY)
    where = file.locate(path)
    span = file.key_span(where) if leaf.path[-1] == KEY else file.value_span(where)
    quoted = change(text, span, "\0")
    start = quoted.index("\0")
    old = text[start : start + len(text) - len(quoted) + 1]
    name = str(leaf.value)
    if name not in old:
        return None
    return change(text, span, old.replace(name, misspelt(name))), span


def test_a_misspelt_id_or_state_is_found_in_its_place_with_the_right_one(
    examples: Examples, written: Mapping[str, Path], change: Change
) -> None:
    tried = 0
    wrong: list[object] = []
    for repository, path, text in yaml_files(examples):
        tree = folder_tree(written[repository])
        others = [file for file in parsed_files(tree) if file.path != path]
        file = read(path, text.encode())
        definition = parse(file).definition
        assert definition is not None
        for leaf in leaves(definition):
            if leaf.meaning not in ("id", "state"):
                continue
            made = misspelling(leaf, file, text, change)
            if made is None:
                continue
            changed, span = made
            faults = all_faults(link([*others, parse(read(path, changed.encode()))], tree, library_tree()))
            tried += 1
            hits = [
                fault
                for fault in faults
                if fault.kind == "undefined-reference"
                and fault.span.path == path
                and fault.span.start == span.start
                and fault.expected[1:] == (leaf.value,)
            ]
            if len(hits) != 1 or len(faults) != 1:
                wrong.append((path, leaf, faults))

    assert wrong == []
    assert tried > 80


GRAPH, AGENT = "agents/reviewer/graph.yaml", "agents/reviewer/agent.yaml"
ENGINEERING, SUITE = "policies/engineering.yaml", "evals/review/suite.yaml"
MISSPELT = [
    (GRAPH, '"${task.base}"', '"${taks.base}"', "task"),
    (GRAPH, 'text: "${review.summary}"', 'text: "${reveiw.summary}"', "review"),
    (GRAPH, '{findings: "${review.findings}"}', '{findings: "${revew.findings}"}', "review"),
    (GRAPH, 'output: "${review}"', 'output: "${reviews}"', "review"),
    (GRAPH, "show: [review.findings]", "show: [reviw.findings]", "review"),
    (GRAPH, "task: explain", "task: explian", "explain"),
    (GRAPH, "input: {text:", "input: {txet:", "text"),
    (GRAPH, "args: {repository:", "args: {repositry:", "repository"),
    (GRAPH, '{pattern: "BEGIN', '{patern: "BEGIN', "pattern"),
    ("agents/reviewer/prompts/review.md", "look.diff", "look.dif", "diff"),
    ("agents/reviewer/prompts/review.md", "look.diff", "lok.diff", "look"),
    ("agents/reviewer/instructions.md", "task.base", "tsk.base", "task"),
    (AGENT, "graph: graph.yaml", "graph: graf.yaml", "graph.yaml"),
    (AGENT, "output: schemas/review.json", "output: schemas/reviews.json", "schemas/review.json"),
    (AGENT, "instructions: instructions.md", "instructions: instruction.md", "instructions.md"),
    ("tools/acme/comment.yaml", "arg: repository", "arg: repositori", "repository"),
    ("tools/acme/comment.yaml", "body: {role: content}", "boddy: {role: content}", "body"),
    ("tools/acme/comment.yaml", "probe_by: [body]", "probe_by: [bodi]", "body"),
    ("tools/acme/comment.yaml", "{repository}/comments", "{repo_sitory}/comments", "repository"),
    ("tools/acme/thread.yaml", "{+repository}/comments", "{+repositori}/comments", "repository"),
    ("tools/acme/thread.yaml", "query: [page]", "query: [pag]", "page"),
    ("tools/acme/comment.yaml", "url: {minted: url}", "ulr: {minted: url}", "url"),
    ("tools/acme/count.yaml", '"{pattern}"', '"{patern}"', "pattern"),
    ("tools/acme/tickets.yaml", "tool: search", "tool: saerch", "search"),
    (ENGINEERING, "facts.long_body: true", "facts.long_bodi: true", "facts.long_body"),
    (ENGINEERING, "resource.risk: high", "resource.rsk: high", "resource.risk"),
    (ENGINEERING, "when: {resource.risk: {in", "when: {resorce.risk: {in", "resource.risk"),
    (ENGINEERING, "when: {resource.risk: high,", "when: {run.tenant: retial,", "retail"),
    (ENGINEERING, "when: {resource.risk: high,", "when: {run.enviroment: production,", "run.environment"),
    (ENGINEERING, "effects: [write]", "capabilities: [change.coment]", "change.comment"),
    (SUITE, "success: [text,", "success: [txt,", "text"),
    ("evals/review/cases.jsonl", '"task": "explain"', '"task": "explian"', "explain"),
    ("evals/review/cases.jsonl", '{"text": "key", "calls": []}', '{"txet": "key", "calls": []}', "text"),
    ("evals/review/cases.jsonl", "scripts/plain.json", "scripts/plane.json", "scripts/plain.json"),
    ("releases/production.yaml", "version: 0.1.0", "version: 0.1.1", "0.1.0"),
    (ENGINEERING, "tools: [acme.comment]", "tools: [acme.comment@1.1.1]", "1.1.0"),
]


@pytest.mark.parametrize(("path", "old", "new", "right"), MISSPELT, ids=lambda part: str(part)[:40])
def test_a_misspelt_name_inside_a_definition_is_one_finding_with_the_right_one(
    path: str, old: str, new: str, right: str, examples: Examples, tmp_path: Path
) -> None:
    for name, content in examples["grown"].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    text = examples["grown"][path]
    assert old in text
    (tmp_path / path).write_text(text.replace(old, new, 1), encoding="utf-8")

    (found,) = check(folder_tree(tmp_path)).diagnostics

    line = text[: text.index(old)].count("\n") + 1
    assert found.code in ("REF001", "REF007", "POL001", "PRM001")
    assert (found.span.path, found.span.start.line) == (path, line)
    assert found.help == f"did you mean `{right}`?"


# ---- editors


def test_the_editor_schema_takes_every_example_and_no_unknown_key(examples: Examples) -> None:
    language = jsonschema_rs.Draft202012Validator(json_schema())
    for _, path, text in yaml_files(examples):
        value: Any = read(path, text.encode()).value
        one = json_schema(value["kind"]) if "kind" in value else None
        language.validate(value)
        if one is not None:
            jsonschema_rs.Draft202012Validator(one).validate(value)
        assert not language.is_valid({**value, UNKNOWN: 1}), path
