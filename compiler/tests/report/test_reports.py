"""The four forms of a report: exact text, and what other programs demand of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remit.diagnostic import Diagnostic, Note
from remit.report import FORMATS, Format, render, summary
from remit.report.plain import plain, width
from remit.source import SourceFile, span_at

from .conftest import Report

HERE = Path(__file__).parent
GOLDEN: dict[Format, str] = {
    "text": "report.txt",
    "json": "report.json",
    "sarif": "report.sarif",
    "github": "github.txt",
}


def is_valid_sarif(log: Any) -> bool:
    """Whether a log meets the schema of the part of SARIF that reports use."""
    schema = json.loads((HERE / "sarif-2.1.0-part.json").read_text())
    validator: Any = jsonschema.Draft7Validator
    validator.check_schema(schema)
    return not list(validator(schema).iter_errors(log))


def rendered(report: Report, form: Format, *, colour: bool = False) -> str:
    return render(
        report.diagnostics, form, report.sources, files=4, rules=report.rules, version="0.1.0", colour=colour
    )


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_is_its_golden_text(
    form: Format, report: Report, golden: Callable[[Path, str], None]
) -> None:
    golden(HERE / GOLDEN[form], rendered(report, form))


def test_a_report_on_a_terminal_has_colours(report: Report, golden: Callable[[Path, str], None]) -> None:
    golden(HERE / "coloured.txt", rendered(report, "text", colour=True))


def test_colours_change_nothing_but_colours(report: Report) -> None:
    coloured = rendered(report, "text", colour=True)

    for escape in ("\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[1;32m", "\x1b[0m"):
        coloured = coloured.replace(escape, "")
    assert coloured == rendered(report, "text")


@pytest.mark.parametrize("form", FORMATS)
def test_no_control_character_of_a_repository_reaches_a_report(form: Format, report: Report) -> None:
    assert not set(rendered(report, form)) & {"\x1b", "\x07", "\r", "\u202e", "\x00"}


def test_a_sarif_report_meets_the_schema_of_what_it_uses(report: Report) -> None:
    assert is_valid_sarif(json.loads(rendered(report, "sarif")))


def test_the_schema_of_the_test_refuses_what_sarif_has_not(report: Report) -> None:
    log = json.loads(rendered(report, "sarif"))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["column"] = 1

    assert not is_valid_sarif(log)


def test_a_fingerprint_stays_when_lines_come_in_above(report: Report) -> None:
    def prints(above: int) -> list[str]:
        text = b"# new\n" * above + b"b: 1\nb: 1\n"
        found = [
            Diagnostic("SYN002", "duplicate-key", "error", span_at("f", line + above, 1, 1), "twice")
            for line in (1, 2)
        ]
        log = json.loads(render(found, "sarif", lambda path: SourceFile(path, text), files=1))
        return [result["partialFingerprints"]["remitFinding/v1"] for result in log["runs"][0]["results"]]

    assert prints(0) == prints(7)
    assert len(set(prints(0))) == 2


def test_a_workflow_command_is_one_line_and_escaped(report: Report) -> None:
    lines = rendered(report, "github").splitlines()

    assert len(lines) == len(report.diagnostics)
    assert lines[2].startswith("::error file=policies/p%2C 100%25%3A x.yaml,line=2,")


def test_a_json_report_has_the_documented_keys(report: Report) -> None:
    document = json.loads(rendered(report, "json"))

    assert document["version"] == 1
    assert all(
        [*found]
        == [
            *("code", "name", "severity", "path", "line", "column", "end_line", "end_column"),
            *("message", "notes", "help", "edits"),
        ]
        for found in document["diagnostics"]
    )


@pytest.mark.parametrize(
    ("severities", "files", "words"),
    [
        ((), 0, "no findings in 0 files"),
        ((), 1, "no findings in 1 file"),
        (("error",), 1, "1 error in 1 file"),
        (("error", "warning", "error"), 5, "2 errors, 1 warning in 5 files"),
        (("warning", "warning"), 2, "2 warnings in 2 files"),
    ],
)
def test_a_summary_counts(severities: tuple[str, ...], files: int, words: str) -> None:
    found = [
        Diagnostic(
            "SYN001", "invalid-yaml", "error" if severity == "error" else "warning", span_at("f", 1, 1), "m"
        )
        for severity in severities
    ]

    assert summary(found, files) == words


@pytest.mark.parametrize(
    ("text", "shown", "columns"),
    [
        *[
            ("plain", "plain", 5),
            ("a\tb", "a    b", 6),
            ("\x1b[0m", "<U+001B>[0m", 11),
            ("\x7f", "<U+007F>", 8),
        ],
        *[("\u202ex", "<U+202E>x", 9), ("漢字", "漢字", 4), ("e\u0301", "e\u0301", 1), ("é", "é", 1)],
        *[("\ue000", "<U+E000>", 8), ("\U000e0041", "<U+E0041>", 9), ("a b", "a b", 3)],
    ],
)
def test_text_is_shown_safely_and_measured(text: str, shown: str, columns: int) -> None:
    assert plain(text) == shown
    assert width(shown) == columns


def test_the_examples_of_the_documentation_are_what_reports_say() -> None:
    page = (HERE.parents[2] / "docs" / "diagnostics.md").read_text()
    first, second = (span_at("tools/read.yaml", line, 3, 6) for line in (5, 6))
    notes = (Note("it stands here first", first),)
    message = "key `effect` stands twice in one mapping"
    found = [Diagnostic("SYN002", "duplicate-key", "error", second, message, notes, "keep one of the two")]
    file = SourceFile("tools/read.yaml", b"\n" * 4 + b"  effect: read\n  effect: irreversible\n")

    def fence(form: Format) -> str:
        return f"```{form}\n{render(found, form, lambda path: file, files=12)}```\n"

    assert fence("text") in page
    assert fence("json") in page
