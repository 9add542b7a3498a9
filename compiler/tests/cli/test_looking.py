"""Commands that only look: check, explain, schema, agents, keys; and the words of their help."""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from remit.cli import main
from remit.cli.words import parser

Remit = Callable[..., Any]
Clone = Callable[[Mapping[str, str]], Path]
Golden = Callable[[Path, str], None]
GOLDEN = Path(__file__).parent / "golden"
MISSPELT = {
    "agents/lister/agent.yaml": """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.lister, version: 0.1.0, owner: dev}
spec:
  purpose: List the files of the repository.
  tasks: {list: {}}
  tools: [git.ls_file]
  orchestration:
    function: {tool: git.ls_file, args: {}}
  output: {items: [string]}
"""
}
COMMANDS = (
    *("init", "check", "explain", "schema", "agents", "eval", "build", "keys", "ship"),
    *("run", "runs", "runs list", "runs show", "verify", "halt", "kill", "lift", "audit"),
)


@pytest.fixture
def here(original: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process stands in the repository; the command may leave the collector off, which a process ends with."""
    monkeypatch.chdir(original)
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "__all__")
    yield
    gc.enable()


# ---- check


def test_findings_are_exit_1_with_the_place_and_the_nearest_name(clone: Clone, remit: Remit) -> None:
    done = remit(clone(MISSPELT), "check")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith(
        "agents/lister/agent.yaml:7:11: error REF001 undefined-reference: there is no Tool `git.ls_file`\n"
    )
    assert "help: did you mean `git.ls_files`" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("2 errors in ")


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_every_format_tells_the_same_findings_with_the_same_exit_code(
    here: None, clone: Clone, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert main(["check", str(clone(MISSPELT)), "--format", form]) == 1
    out = capsys.readouterr().out
    match form:
        case "json":
            body = json.loads(out)
            assert body["version"] == 1
            places = [(one["code"], one["path"], one["line"]) for one in body["diagnostics"]]
        case "sarif":
            results = json.loads(out)["runs"][0]["results"]
            at = [one["locations"][0]["physicalLocation"] for one in results]
            places = [
                (one["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"])
                for one, place in zip(results, at, strict=True)
            ]
        case _:
            found = re.findall(r"^::error file=(.*?),line=(\d+),.*title=(\w+)", out, re.MULTILINE)
            places = [(code, path, int(line)) for path, line, code in found]
    assert places == [
        ("REF001", "agents/lister/agent.yaml", 7),
        ("REF001", "agents/lister/agent.yaml", 9),
    ]


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github"])
def test_a_clean_repository_is_exit_0_in_every_format(
    here: None, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert main(["check", "--format", form]) == 0
    out = capsys.readouterr().out
    match form:
        case "json":
            assert json.loads(out)["diagnostics"] == []
        case "sarif":
            assert json.loads(out)["runs"][0]["results"] == []
        case "text":
            assert out.startswith("no findings")
        case _:
            assert out == ""


def test_a_repository_is_found_from_a_folder_below_its_root(
    here: None, original: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(original / "agents" / "lister")
    assert main(["check"]) == 0
    assert capsys.readouterr().out.startswith("no findings")


# ---- explain, schema, agents, keys


def test_a_rule_is_explained_by_its_code_and_by_its_name(
    here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    pages: list[str] = []
    for word in ("REF001", "ref001", "undefined-reference"):
        assert main(["explain", word]) == 0
        pages.append(capsys.readouterr().out)
    assert pages[0].startswith("# REF001 undefined-reference\n")
    assert len(set(pages)) == 1


def test_an_unknown_rule_is_exit_2_with_the_nearest_name(remit: Remit, tmp_path: Path) -> None:
    done = remit(tmp_path, "explain", "undefined-referense")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "remit: there is no rule `undefined-referense`; did you mean `undefined-reference`\n"
    )


def test_the_schema_of_the_language_and_of_a_kind_are_json_schemas(
    here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["schema"], ["schema", "Agent"]):
        assert main(words) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_an_unknown_kind_is_exit_2_with_the_nearest_name(
    here: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "Agnet"]) == 2
    assert capsys.readouterr().err == "remit: there is no kind `Agnet`; did you mean `Agent`\n"


def test_the_agents_of_the_tree_are_listed_with_what_they_may_use(remit: Remit, original: Path) -> None:
    done = remit(original, "agents")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "acme.explainer  0.1.0  owned by dev, risk high, advisory\n"
        "  Explain a finding in plain words.\n"
        "  models  dev\n"
        "  suites  review\n"
        "  budget  steps 60, model_calls 8, tool_calls 20, usd 0.50, minutes 5\n"
        "acme.lister  0.1.0  owned by dev, risk high, advisory\n"
        "  List the files of the repository.\n"
        "  tools   git.ls_files\n"
        "  budget  steps 60, model_calls 8, tool_calls 20, usd 0.50, minutes 5\n"
    )


def test_the_agents_of_a_broken_tree_are_its_report(
    here: None, clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["agents", str(clone(MISSPELT)), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["code"] == "REF001"


def test_keys_are_shown_and_made_and_never_made_twice(remit: Remit, tmp_path: Path) -> None:
    none = remit(tmp_path, "keys")
    assert (none.returncode, none.stdout.startswith("there is no key in ")) == (0, True)
    made = remit(tmp_path, "keys", "builder")
    assert made.returncode == 0
    path = tmp_path / ".remit/keys/builder.key"
    assert path.stat().st_mode & 0o777 == 0o600
    again = remit(tmp_path, "keys", "builder")
    assert (again.returncode, again.stderr) == (2, f"remit: there is a key `{path}` already\n")
    shown = remit(tmp_path, "keys", "--format", "json")
    (key,) = json.loads(shown.stdout)["keys"]
    assert (key["name"], key["path"]) == ("builder", str(path))
    assert key["keyid"] in made.stdout
    assert path.read_text("utf-8").strip() not in made.stdout + shown.stdout


@pytest.mark.parametrize("name", ["", "a b", "../up", "é", "dev", "a\n"])
def test_a_key_is_named_by_one_word_that_is_not_dev(
    here: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("REMIT_HOME", str(tmp_path / "home"))
    assert main(["keys", name]) == 2
    assert capsys.readouterr().err.startswith("remit: ")
    assert not (tmp_path / "home").exists()


# ---- help and usage


@pytest.mark.parametrize("words", ["", *COMMANDS], ids=lambda words: words or "remit")
def test_the_help_is_what_was_reviewed(
    golden: Golden, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    given = [*words.split(), "--help"]
    with pytest.raises(SystemExit) as stop:
        parser(given).parse_args(given)
    assert stop.value.code == 0
    # Python 3.13 writes `-o, --output DIR` where older ones write `-o DIR, --output DIR`, and aligns to that.
    text = re.sub(r"(-\w) (\S+), (--\S+ \2)", r"\1, \3", capsys.readouterr().out)
    text = re.sub(r"(?<=\S) {2,}", "  ", text)
    golden(GOLDEN / f"{words.replace(' ', '-') or 'remit'}.txt", text)


@pytest.mark.parametrize(
    "words",
    [(), ("frobnicate",), ("check", "--format", "xml"), ("build",), ("explain",), ("check", "/no/where")],
    ids=" ".join,
)
def test_a_wrong_command_line_is_exit_2(
    here: None, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert main(list(words)) == 2
    said = capsys.readouterr()
    assert (said.out, "remit" in said.err) == ("", True)


def test_a_process_says_its_usage_and_ends_with_2(remit: Remit, tmp_path: Path) -> None:
    done = remit(tmp_path, "frobnicate")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'ship'" in done.stderr
    assert "'runs'" in done.stderr


def test_where_no_repository_is_the_commands_of_a_release_say_so(remit: Remit, tmp_path: Path) -> None:
    done = remit(tmp_path, "ship")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("remit: there is no `remit.yaml` here or above; `remit init` writes one\n")
