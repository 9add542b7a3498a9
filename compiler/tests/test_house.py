"""The house keeps its promises: what the README says is what CI runs, and every room has its place."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS: list[dict[str, Any]] = PYPROJECT["tool"]["importlinter"]["contracts"]
PACKAGES = {"remit": ROOT / "compiler/remit", "remit_runtime": ROOT / "runtime/remit_runtime"}
# ruamel.yaml leaves the type of its stream unknown.
WORKFLOW: dict[str, Any] = YAML(typ="safe").load(ROOT / ".github/workflows/ci.yml")  # pyright: ignore[reportUnknownMemberType]

# Split, so that this file may be searched like any other.
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js."]


class Room(NamedTuple):
    """A module or package directly under one of the two packages."""

    package: str
    name: str
    is_folder: bool

    def __str__(self) -> str:
        return f"{self.package}.{self.name}"


def rooms() -> list[Room]:
    """Every room that is built, in both packages."""
    return [
        Room(package, path.stem, path.is_dir())
        for package, folder in PACKAGES.items()
        for path in sorted(folder.iterdir())
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    ]


def shell_blocks() -> list[str]:
    """The fenced `sh` blocks of README.md, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def default_sessions() -> list[str]:
    """The sessions that `nox` runs when none is named."""
    for node in ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "nox.options.sessions":
            return list(ast.literal_eval(node.value))
    raise LookupError("noxfile.py names no default sessions")


def files() -> list[Path]:
    """Every file of the repository: tracked, or new and not ignored."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=ROOT, capture_output=True, check=True).stdout
    paths = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def files_with(words: list[str]) -> list[str]:
    """The files that hold one of the words, each with the word."""
    return [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files()
        for content in [path.read_bytes()]
        for word in words
        if word.encode() in content
    ]


def contract(name: str) -> dict[str, Any]:
    """The import contract of that name."""
    return next(each for each in CONTRACTS if each["name"] == name)


def test_the_first_two_shell_blocks_of_the_readme_are_one_line_each() -> None:
    assert [block.count("\n") for block in shell_blocks()[:2]] == [1, 1]


def test_the_readme_first_does_the_main_job_and_then_runs_the_tests() -> None:
    ship, tests = shell_blocks()[:2]
    assert ship.count("pip install") == 1
    assert {"./runtime", "./compiler"} <= set(ship.split())
    assert "remit ship --run swe.repo_map_generator" in ship
    assert tests.rstrip().endswith("/nox")


def test_ci_runs_exactly_the_test_line_of_the_readme() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if not line.startswith("#")]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', shell_blocks()[1].rstrip("\n")]


def test_the_ci_script_may_be_executed() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_the_workflow_runs_the_default_sessions() -> None:
    assert WORKFLOW["jobs"]["nox"]["strategy"]["matrix"]["session"] == default_sessions()


def test_the_workflow_starts_nox_as_the_readme_does() -> None:
    commands = [step["run"] for step in WORKFLOW["jobs"]["nox"]["steps"] if "run" in step]
    assert commands == [shell_blocks()[1].rstrip("\n") + ' -s "$SESSION"']


def test_the_workflow_may_only_read() -> None:
    assert WORKFLOW["permissions"] == {}
    assert [job["permissions"] for job in WORKFLOW["jobs"].values()] == [{"contents": "read"}]


def test_every_action_is_pinned_by_commit_and_names_its_version() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / ".github").rglob("*.yml"))
    uses = re.findall(r"uses: *(.+)", text)
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)+", use)] == []


def test_no_file_names_a_package_registry() -> None:
    assert files_with(REGISTRIES) == []


def test_no_file_names_a_path_of_this_machine() -> None:
    own = {str(path) for path in (ROOT, Path.home(), Path(sys.prefix)) if len(path.parts) > 2}
    assert files_with(sorted(own)) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_stands_in_a_layer(package: str) -> None:
    layers = next(each for each in CONTRACTS if each["type"] == "layers" and each["containers"] == [package])
    placed = set(re.findall(r"\w+", " ".join(layers["layers"])))
    assert layers["exhaustive"] is True
    assert {room.name for room in rooms() if room.package == package} - placed == set()


def test_a_contract_names_a_room_in_full_once_it_is_built() -> None:
    """A wildcard stands for a room that is not built: it would not see the room's own `__init__`."""
    written = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert [str(room) for room in rooms() if f'"{room}.**"' in written] == []


def test_the_compiler_reaches_the_runtime_from_six_rooms_only() -> None:
    allowed = contract("the compiler reaches the runtime from six rooms")["allowed_importers"]
    six = {"remit.lower", "remit.authority", "remit.evals", "remit.release", "remit.plan", "remit.cli"}
    assert {entry.removesuffix(".**") for entry in allowed} == six | {"remit_runtime"}


def test_no_definitions_folder_is_a_package() -> None:
    folders = [ROOT / name for name in ("agents", "tools", "policies", "evals", "releases")]
    packages = [path.relative_to(ROOT) for folder in folders for path in folder.rglob("__init__.py")]
    assert [str(path) for path in packages if "fixtures" not in path.parts] == []


def test_test_files_have_names_of_their_own() -> None:
    tests = [path for path in files() if path.name.startswith("test_") and path.suffix == ".py"]
    # A fixture is a repository of its own, which an agent is tried on.
    names = [path.name for path in tests if "fixtures" not in path.relative_to(ROOT).parts]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_both_distributions_are_released_together() -> None:
    compiler, runtime = (
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for folder in ("compiler", "runtime")
    )
    assert compiler["version"] == runtime["version"]
    assert f"remit-runtime=={runtime['version']}" in compiler["dependencies"]


def test_every_dependency_has_its_reason_in_the_records() -> None:
    record = (ROOT / "docs/adr/0003-dependencies.md").read_text(encoding="utf-8")
    projects = [
        tomllib.loads((ROOT / folder / "pyproject.toml").read_text("utf-8"))
        for folder in ("compiler", "runtime")
    ]
    required = [line for project in projects for line in project["project"]["dependencies"]]
    required += [line for group in PYPROJECT["dependency-groups"].values() for line in group]
    names = {re.split(r"[<>=\[]", line)[0] for line in required} - {"remit-runtime"}
    assert sorted(name for name in names if name not in record) == []


def test_each_distribution_carries_the_licence() -> None:
    licence = (ROOT / "LICENSE").read_bytes()
    assert [(ROOT / folder / "LICENSE").read_bytes() == licence for folder in ("compiler", "runtime")] == [
        True,
        True,
    ]


def test_the_records_are_numbered_in_order_and_short() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    assert [path.name for path in records if path.read_text(encoding="utf-8").count("\n") >= 60] == []


def test_the_glossary_is_in_alphabetical_order() -> None:
    rows = re.findall(
        r"^\| ([^|]+) \|", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    words = [row.lower() for row in rows if row != "word"]
    assert len(words) > 50
    assert words == sorted(words)
