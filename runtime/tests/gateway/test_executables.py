"""Executables: named by the runtime and its operator, never by what a bundle or a repository says."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from remit_runtime.errors import UsageError
from remit_runtime.gateway.executables import (
    INSTALLED,
    PROGRAMS,
    Resolved,
    find,
    find_trusted,
    installed,
    resolve,
    trusted_file,
)
from remit_runtime.gateway.outcome import Denial


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "scan"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho scanned\n", "utf-8")
    path.chmod(0o755)
    return path


def configured(home: Path, text: str) -> Path:
    (home / "executables.toml").write_text(text, "utf-8")
    return home


def test_the_runtimes_own_programs_and_git_are_known(tmp_path: Path) -> None:
    found = find(tmp_path, os.environ["PATH"])
    # What is installed beside the Python that runs this may be there too.
    assert set(PROGRAMS) | {"git"} <= set(found) <= {*PROGRAMS, *INSTALLED, "git", "ruff", "ruff-check"}
    assert found["code-symbols"].command[1:4] == ("-I", "-S", "-B")
    resolved = resolve(found, "git")
    assert isinstance(resolved, Resolved)
    data = Path(resolved.executable.file).read_bytes()
    assert resolved.digest == "sha256:" + hashlib.sha256(data).hexdigest()


def test_an_operator_can_name_more(home: Path, program: Path) -> None:
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    text = f'[scan]\npath = "{program}"\nsha256 = "{digest}"\nreads = ["{program.parent}"]\n'
    scan = find(configured(home, text), "")["scan"]
    assert scan.command == (str(program),)
    assert scan.reads == (str(program), str(program.parent))


def test_a_pinned_executable_that_changed_is_denied(home: Path, program: Path) -> None:
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    found = find(configured(home, f'scan = {{path = "{program}", sha256 = "{digest}"}}\n'), "")
    program.write_text("#!/bin/sh\necho other\n", "utf-8")
    denial = resolve(found, "scan")
    assert isinstance(denial, Denial)
    assert denial.code == "executable_changed"


def test_an_executable_that_others_came_to_be_able_to_write_is_denied(home: Path, program: Path) -> None:
    found = find(configured(home, f'scan = "{program}"\n'), "")
    program.chmod(0o757)
    denial = resolve(found, "scan")
    assert isinstance(denial, Denial)
    assert denial.code == "executable_untrusted"


@pytest.mark.parametrize(
    "text",
    [
        "scan = [",
        'scan = "bin/scan"',
        'scan = "/nonexistent/scan"',
        "scan = 5",
        'Scan = "/bin/sh"',
        '"../scan" = "/bin/sh"',
        'scan = {path = "/bin/sh", shell = true}',
        'scan = {path = "/bin/sh", sha256 = "12"}',
        'scan = {path = "/bin/sh", reads = "/etc"}',
        'scan = {path = "/bin/sh", reads = ["etc"]}',
        'repo-map = "/bin/sh"',
        'pytest-run = "/bin/sh"',
        'ruff-check = "/bin/sh"',
    ],
)
def test_an_allow_list_that_is_not_of_its_form_is_refused(home: Path, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        find(configured(home, text + "\n"), "")
    assert refused.value.code == "executables_invalid"


def test_a_file_or_folder_that_others_may_write_is_not_trusted(program: Path) -> None:
    assert trusted_file(str(program)) == str(program)
    program.parent.chmod(0o777)
    assert trusted_file(str(program)) is None
    program.parent.chmod(0o755)
    program.chmod(0o757)
    assert trusted_file(str(program)) is None
    assert trusted_file(str(program.parent)) is None


def test_only_absolute_folders_are_searched(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(program.parent)
    assert find_trusted("scan", ["", ".", "bin"]) is None
    assert find_trusted("scan", [str(program.parent)]) == str(program)


@pytest.fixture
def environment(tmp_path: Path) -> tuple[Path, Path]:
    """The folders of programs and of packages of a Python in which a tool and a package are installed."""
    programs, packages = tmp_path / "env/bin", tmp_path / "env/packages"
    (packages / "bandit").mkdir(parents=True)
    (packages / "bandit/__init__.py").write_text("", "utf-8")
    (packages / "bandit-1.0.dist-info").mkdir()
    (packages / "bandit-1.0.dist-info/RECORD").write_text("bandit/__init__.py,sha256=47DE,0\n", "utf-8")
    programs.mkdir()
    (programs / "ruff").write_text("#!/bin/sh\n", "utf-8")
    (programs / "ruff").chmod(0o755)
    return programs, packages


def test_what_is_installed_beside_the_runtime_is_known(environment: tuple[Path, Path]) -> None:
    programs, packages = environment
    found = installed(programs, (packages, packages.parent / "none"))
    assert sorted(found) == ["bandit-scan", "ruff"]
    assert found["ruff"].command == (str(programs / "ruff"),)
    scan = found["bandit-scan"]
    assert (scan.command[-2:], scan.reads[-1]) == (("bandit", str(packages)), str(packages))
    resolved = resolve(found, "bandit-scan")
    assert isinstance(resolved, Resolved)
    record = (packages / "bandit-1.0.dist-info/RECORD").read_bytes()
    assert resolved.digest == "sha256:" + hashlib.sha256(record).hexdigest()


@pytest.mark.parametrize("place", ["bin", "packages/bandit", "packages/bandit-1.0.dist-info"])
def test_what_others_may_write_there_is_not_known(environment: tuple[Path, Path], place: str) -> None:
    programs, packages = environment
    (programs.parent / place).chmod(0o777)
    missing = "ruff" if place == "bin" else "bandit-scan"
    assert missing not in installed(programs, (packages,))


def test_a_program_around_a_tool_that_is_not_installed_is_not_known(tmp_path: Path) -> None:
    assert installed(tmp_path / "bin", (tmp_path,)) == {}
    denial = resolve({}, "pytest-run")
    assert isinstance(denial, Denial)
    assert denial.code == "executable_unknown"


def test_an_operator_may_name_another_ruff(home: Path, program: Path) -> None:
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    found = find(configured(home, f'ruff = {{path = "{program}", sha256 = "{digest}"}}\n'), "")
    assert found["ruff-check"].command[-2:] == ("ruff", str(program))
    assert isinstance(resolve(found, "ruff-check"), Resolved)
    program.write_text("#!/bin/sh\necho other\n", "utf-8")
    denial = resolve(found, "ruff-check")
    assert isinstance(denial, Denial)
    assert denial.code == "executable_changed"
