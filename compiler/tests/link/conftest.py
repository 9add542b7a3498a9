"""Small repositories for tests of linking."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from remit.check import CheckResult, check
from remit.git import folder_tree

ROOT = "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n"
CheckFiles = Callable[[Mapping[str, str]], CheckResult]


@pytest.fixture
def check_files(tmp_path: Path) -> CheckFiles:
    """Checks a repository of these files, which uses the library."""

    def checked(files: Mapping[str, str]) -> CheckResult:
        for path, content in {"remit.yaml": ROOT, **files}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(content, encoding="utf-8")
        return check(folder_tree(tmp_path))

    return checked
