"""How tests ended, in one flat form: those of a JUnit XML file, or those that pytest runs here and now.

    failures.py junit                      {"path": "report.xml"}
    failures.py pytest SITE_PACKAGES...    {"paths": ["tests"], "keyword": "cart"}

The request comes on standard input; the answer is `{"exit", "counts": {passed, failed, errors, skipped}, "failures",
"omitted"}`. A failure is `{test, path, line, kind, message, detail}`; `kind` is failure or error.

`junit` opens one file of the checkout and runs nothing. `pytest` runs code of the checkout in this process: whoever
starts it has put walls around it, and what that code says of itself is all that the answer says.
"""

# It starts for every call, and importing pathlib would double its start.
# ruff: noqa: PTH109, PTH123

from __future__ import annotations

import importlib
import json
import os
import stat
import sys
from typing import Any, TypeGuard
from xml.etree import ElementTree

MAX_FAILURES = 200
MAX_FILE_BYTES = 32 * 2**20
MAX_DEPTH = 200
MAX_TEXT = 4_000
BAD_INPUT = 2

EXITS = ("passed", "failed", "interrupted", "internal_error", "usage_error", "no_tests")
"""The exit codes of pytest in words (pytest, "Possible exit codes")."""

Failure = dict[str, Any]


class Refused(Exception):
    """Why the request or a file it names is not taken, in a sentence."""


def main(arguments: list[str]) -> int:
    """Answer the request on standard input; 0, or 2 when the request or its file is not of the form above."""
    answer = os.dup(1)
    os.set_inheritable(answer, False)
    # What tests print must not stand in the answer.
    os.dup2(2, 1)
    try:
        request: Any = json.loads(sys.stdin.buffer.read())
        if not is_object(request):
            raise Refused("the request is not an object")
        seen = pytest_run(arguments[1:], request) if arguments[0] == "pytest" else junit(request.get("path"))
    except (Refused, ValueError, RecursionError) as error:
        sys.stderr.write(f"failures: {error}\n")
        return BAD_INPUT
    with os.fdopen(answer, "w", encoding="utf-8") as out:
        json.dump(seen.answer(), out, ensure_ascii=False)
    return 0


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


class Seen:
    """What is known of the tests so far."""

    def __init__(self) -> None:
        self.exit = ""
        self.counts = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
        self.failures: list[Failure] = []

    def failed(self, kind: str, test: str, path: str, line: object, message: str, detail: str) -> None:
        """One test more that failed, or could not be run."""
        self.counts["errors" if kind == "error" else "failed"] += 1
        self.failures.append(
            {
                "test": test[:1000],
                "path": path[:1000],
                "line": line if type(line) is int and line > 0 else 0,
                "kind": kind,
                "message": (message.strip().splitlines() or [""])[0][:1000],
                "detail": detail[-MAX_TEXT:],
            }
        )

    def answer(self) -> dict[str, Any]:
        """The answer; without an exit of its own it follows from the counts."""
        bad = self.counts["failed"] + self.counts["errors"]
        ran = bad + self.counts["passed"] + self.counts["skipped"]
        return {
            "exit": self.exit or ("failed" if bad else "passed" if ran else "no_tests"),
            "counts": self.counts,
            "failures": self.failures[:MAX_FAILURES],
            "omitted": max(0, len(self.failures) - MAX_FAILURES),
        }


def inside(path: object) -> str:
    """A path from the root of the checkout, in one spelling, with no link on the way.

    Raises:
        Refused: it leads out of the checkout, is not there, or could be taken for an option.
    """
    if not isinstance(path, str) or not path or "\0" in path:
        raise Refused("a path is a string that is not empty")
    whole = os.path.normpath(path)
    if whole.startswith(("/", "-", "../")) or whole == "..":
        raise Refused(f"`{path}` is not a path below the checkout")
    parts = whole.split("/")
    try:
        modes = [os.lstat("/".join(parts[: count + 1])).st_mode for count in range(len(parts))]
    except OSError as error:
        raise Refused(f"`{path}` is not in the checkout") from error
    if any(stat.S_ISLNK(mode) for mode in modes):
        raise Refused(f"`{path}` is reached by a link")
    return whole


# ---- JUnit XML


def junit(path: object) -> Seen:
    """What a JUnit XML file says.

    Raises:
        Refused: the file is not there, too long, or not of the format.
    """
    name = inside(path)
    if not stat.S_ISREG(os.lstat(name).st_mode):
        raise Refused(f"`{name}` is not a file")
    with open(name, "rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise Refused(f"`{name}` has more than {MAX_FILE_BYTES} bytes")
    report = Report()
    # A text has one encoding whatever its declaration says, so nothing hides from the parser in another.
    # A document type is refused where it begins, and without one there are no entities to expand.
    parser = ElementTree.XMLParser(target=report)  # noqa: S314
    try:
        parser.feed(data.decode("utf-8-sig"))
        parser.close()
    except (ValueError, ElementTree.ParseError) as error:
        raise Refused(f"`{name}` is not XML in UTF-8: {error}") from error
    if not report.is_junit:
        raise Refused(f"`{name}` is not a JUnit report")
    return report.seen


class Report:
    """Reads a JUnit report while it is parsed: no tree is built, and nothing but test cases is kept."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.is_junit = False
        self.depth = 0
        self.case: dict[str, str] = {}
        self.ended: list[tuple[str, str, list[str]]] = []
        self.text: list[str] | None = None

    def doctype(self, _name: str, _public: str, _system: str) -> None:
        """Refuses the declaration, with which entities would begin.

        Raises:
            Refused: always.
        """
        raise Refused("the report declares a document type")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Takes in the start of an element.

        Raises:
            Refused: the elements are nested too deeply.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Refused(f"the report is nested over {MAX_DEPTH} levels")
        if self.depth == 1:
            self.is_junit = tag in ("testsuites", "testsuite")
        if tag == "testcase":
            self.case, self.ended = attributes, []
        elif tag in ("failure", "error", "skipped") and self.case:
            self.text = []
            self.ended.append((tag, attributes.get("message", ""), self.text))

    def data(self, text: str) -> None:
        """Takes in the text of a failure."""
        if self.text is not None:
            self.text.append(text)

    def end(self, tag: str) -> None:
        """Takes in the end of an element; a test case counts once, by the worst that it holds."""
        self.depth -= 1
        self.text = None
        if tag != "testcase" or not self.is_junit:
            return
        kinds = [kind for kind, _, _ in self.ended]
        worst = next((kind for kind in ("error", "failure", "skipped") if kind in kinds), "passed")
        if worst in ("passed", "skipped"):
            self.seen.counts[worst] += 1
        else:
            self._failed(worst, *self.ended[kinds.index(worst)][1:])
        self.case = {}

    def close(self) -> None:
        """Nothing is left to do at the end."""

    def _failed(self, kind: str, message: str, parts: list[str]) -> None:
        case, detail = self.case, "".join(parts)
        name = ".".join(part for part in (case.get("classname", ""), case.get("name", "")) if part)
        line = case.get("line", "")
        number = int(line) if line.isascii() and line.isdigit() and len(line) < 10 else 0
        self.seen.failed(kind, name, case.get("file", ""), number, message or detail, detail)


# ---- pytest


def pytest_run(places: list[str], request: dict[str, Any]) -> Seen:
    """How the tests at the paths end, run in this process.

    Raises:
        Refused: a path is not of the checkout.
    """
    asked = request.get("paths", ["."])
    if not is_list(asked):
        raise Refused("`paths` is a list")
    chosen = [selected(path) for path in asked]
    keyword = request.get("keyword")
    options = ["-p", "no:cacheprovider", "--color=no", "--tb=short", "--rootdir=.", "-q"]
    options += ["-k", keyword] if isinstance(keyword, str) else []
    sys.path[:0] = [os.getcwd(), *places]
    sys.dont_write_bytecode = True
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    pytest: Any = importlib.import_module("pytest")
    recorder = Recorder()
    code = int(pytest.main([*options, "--", *chosen], plugins=[recorder]))
    recorder.seen.exit = EXITS[code] if code < len(EXITS) else "internal_error"
    return recorder.seen


def selected(path: object) -> str:
    """A path, or a test in a file (`path::test`), of the checkout.

    Raises:
        Refused: it is not there.
    """
    if not isinstance(path, str):
        raise Refused("a path is a string")
    file, colons, test = path.partition("::")
    return inside(file) + colons + test


class Recorder:
    """A plugin of pytest that counts reports and keeps those of failures."""

    def __init__(self) -> None:
        self.seen = Seen()

    def pytest_collectreport(self, report: Any) -> None:
        """Counts a file that could not be collected."""
        if report.failed:
            self._failed("error", report)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Counts a phase of a test: what fails before or after the test itself is an error."""
        if report.failed:
            self._failed("failure" if report.when == "call" else "error", report)
        elif report.skipped:
            self.seen.counts["skipped"] += 1
        elif report.when == "call":
            self.seen.counts["passed"] += 1

    def _failed(self, kind: str, report: Any) -> None:
        path, line, _ = report.location if getattr(report, "location", None) else (report.nodeid, None, "")
        crash = getattr(report.longrepr, "reprcrash", None)
        detail = str(report.longreprtext)
        message = str(crash.message) if crash is not None else detail
        self.seen.failed(kind, report.nodeid, path, (line + 1) if type(line) is int else 0, message, detail)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
