"""`failures.py`: what it says of JUnit reports and of tests it runs, and what it does not open."""

from __future__ import annotations

import json
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.gateway.executables import program

REPORT = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="pytest" tests="5">
    <testcase classname="tests.test_cart" name="test_total" time="0.1"/>
    <testcase classname="tests.test_cart" name="test_tax" file="tests/test_cart.py" line="12">
      <failure message="assert 1 == 2&#10;more">tests/test_cart.py:14: in test_tax</failure>
    </testcase>
    <testcase name="test_setup"><error>no database</error><system-out>noise</system-out></testcase>
    <testcase classname="tests.test_cart" name="test_later"><skipped message="later"/></testcase>
    <testcase name="both"><failure message="first"/><error message="then"/></testcase>
  </testsuite>
</testsuites>
"""


def ended(folder: Path, request: object, *source: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", program("failures.py"), *source],
        cwd=folder,
        input=request if isinstance(request, bytes) else json.dumps(request).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )


def answer(folder: Path, request: object, *source: str) -> dict[str, Any]:
    done = ended(folder, request, *source)
    assert done.returncode == 0, done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def refusal(folder: Path, request: object, *source: str) -> str:
    done = ended(folder, request, *source)
    assert (done.returncode, done.stdout) == (2, b"")
    return done.stderr.decode().removeprefix("failures: ").strip()


def report(folder: Path, text: str | bytes) -> dict[str, Any]:
    (folder / "report.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return answer(folder, {"path": "report.xml"}, "junit")


# ---- JUnit XML


def test_every_test_of_a_report_counts_once_by_the_worst_that_befell_it(tmp_path: Path) -> None:
    found = report(tmp_path, REPORT)
    assert (found["exit"], found["omitted"]) == ("failed", 0)
    assert found["counts"] == {"passed": 1, "failed": 1, "errors": 2, "skipped": 1}
    assert found["failures"] == [
        {
            "test": "tests.test_cart.test_tax",
            "path": "tests/test_cart.py",
            "line": 12,
            "kind": "failure",
            "message": "assert 1 == 2",
            "detail": "tests/test_cart.py:14: in test_tax",
        },
        {
            "test": "test_setup",
            "path": "",
            "line": 0,
            "kind": "error",
            "message": "no database",
            "detail": "no database",
        },
        {"test": "both", "path": "", "line": 0, "kind": "error", "message": "then", "detail": ""},
    ]


@pytest.mark.parametrize(
    ("text", "exit_"),
    [
        ("<testsuite/>", "no_tests"),
        ("<testsuite><testcase name='a'/></testsuite>", "passed"),
        (
            "<testsuites><testsuite><testcase name='a'><skipped/></testcase></testsuite></testsuites>",
            "passed",
        ),
    ],
)
def test_the_exit_follows_from_the_counts(tmp_path: Path, text: str, exit_: str) -> None:
    assert report(tmp_path, text)["exit"] == exit_


def test_failures_beyond_two_hundred_are_counted_and_left_out(tmp_path: Path) -> None:
    cases = "".join(f"<testcase name='t{number}'><failure/></testcase>" for number in range(203))
    found = report(tmp_path, f"<testsuite>{cases}</testsuite>")
    assert (found["counts"]["failed"], len(found["failures"]), found["omitted"]) == (203, 200, 3)


BOMB = '<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>'
OUTSIDE = (
    '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&x;"/></testsuite>'
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<testsuite>",
        "<html><testcase/></html>",
        "plain",
        BOMB,
        OUTSIDE,
        "<!DOCTYPE testsuite><testsuite/>",
        "<testsuite>" * 201 + "</testsuite>" * 201,
        '<?xml version="1.0" encoding="utf-16"?><testsuite/>'.encode("utf-16"),
        b"<testsuite>\xff</testsuite>",
    ],
    ids=lambda text: str(text)[:30],
)
def test_a_file_that_is_no_plain_junit_report_is_refused(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / "report.xml").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert refusal(tmp_path, {"path": "report.xml"}, "junit")


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "none", "", "-x", "link", "below/x", ".", 5, None])
def test_nothing_outside_the_checkout_is_opened(tmp_path: Path, path: object) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (tmp_path / "x").write_text("<testsuite/>", "utf-8")
    (folder / "link").symlink_to("../x")
    (folder / "below").symlink_to("..")
    assert refusal(folder, {"path": path}, "junit")


# ---- pytest

TESTS = """\
import sys

import cart
import pytest


def test_total(tmp_path):
    (tmp_path / "x").write_text("x")
    print("noise")
    assert cart.total([1, 2]) == 3


def test_tax():
    sys.stdout.write("{}")
    assert cart.total([]) == 1


@pytest.mark.skip
def test_later():
    pass


def test_setup(database):
    pass
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "tests").mkdir(parents=True)
    (folder / "cart.py").write_text("def total(prices):\n    return sum(prices)\n", "utf-8")
    (folder / "tests/test_cart.py").write_text(TESTS, "utf-8")
    return folder


def ran(folder: Path, **request: object) -> dict[str, Any]:
    return answer(folder, request, "pytest", *site.getsitepackages())


def test_the_tests_of_a_checkout_are_run_and_told(checkout: Path) -> None:
    found = ran(checkout)
    assert (found["exit"], found["counts"]) == (
        "failed",
        {"passed": 1, "failed": 1, "errors": 1, "skipped": 1},
    )
    assert [(one["test"], one["kind"], one["line"]) for one in found["failures"]] == [
        ("tests/test_cart.py::test_tax", "failure", 13),
        ("tests/test_cart.py::test_setup", "error", 23),
    ]
    assert found["failures"][0]["message"].startswith("assert 0 == 1")


def test_tests_can_be_chosen_by_path_and_by_name(checkout: Path) -> None:
    assert ran(checkout, paths=["tests/test_cart.py::test_total"])["counts"]["passed"] == 1
    assert ran(checkout, keyword="total")["exit"] == "passed"
    assert ran(checkout, keyword="nothing")["exit"] == "no_tests"


def test_a_file_that_cannot_be_collected_is_an_error(checkout: Path) -> None:
    (checkout / "tests/test_broken.py").write_text("import nothing_like_it\n", "utf-8")
    found = ran(checkout, paths=["tests/test_broken.py"])
    assert (found["exit"], found["counts"]["errors"]) == ("interrupted", 1)


@pytest.mark.parametrize(
    "path", ["/etc", "../checkout", "none", "none::test", "-x", "--version", "tests/../..", 5]
)
def test_only_paths_of_the_checkout_are_run(checkout: Path, path: object) -> None:
    assert refusal(checkout, {"paths": [path]}, "pytest", *site.getsitepackages())


def test_tests_that_end_the_process_leave_no_answer(checkout: Path) -> None:
    (checkout / "tests/test_end.py").write_text("import os\ndef test_end(): os._exit(0)\n", "utf-8")
    done = ended(checkout, {"paths": ["tests/test_end.py"]}, "pytest", *site.getsitepackages())
    assert done.stdout == b""
