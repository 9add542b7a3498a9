"""The example repositories of docs/language.md, and the passes from files to what a bundle holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from remit.check import check
from remit.diagnostic import Fault
from remit.git import Tree
from remit.lower.portfolio import Lowered, lower
from remit.read.file import file_fault

LANGUAGE = Path(__file__).parents[3] / "docs" / "language.md"
_FENCE = re.compile(r"^```\w+ repo=(\S+) file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Files = Mapping[str, str]
LowerFiles = Callable[..., Lowered]


@pytest.fixture(scope="session")
def examples() -> Mapping[str, Files]:
    """The files of each example repository, by its name and their paths."""
    repositories: dict[str, dict[str, str]] = {}
    for repository, path, content in _FENCE.findall(LANGUAGE.read_text(encoding="utf-8")):
        repositories.setdefault(repository, {})[path] = content
    return repositories


@pytest.fixture(scope="session")
def lower_files() -> LowerFiles:
    """What the bundle of an environment holds of some files, in which the check finds no error."""

    def lowered(files: Files, environment: str = "dev") -> Lowered:
        def content(path: str, limit: int) -> bytes | Fault:
            return files[path].encode() if path in files else file_fault("absent", path)

        result = check(Tree(Path("/nowhere"), tuple(sorted(files)), content))
        assert [str(found.message) for found in result.diagnostics if found.severity == "error"] == []
        return lower(result.portfolio, environment)

    return lowered
