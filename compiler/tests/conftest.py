"""What all tests of the compiler share: golden files, which people and other programs read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings


def pytest_configure() -> None:
    """Lets an example take as long as it takes: on a shared machine time says nothing about the code."""
    settings.register_profile("remit", deadline=None)
    settings.load_profile("remit")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite golden files instead of comparing them"
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares a text with its golden file; `--update-golden` rewrites the file, which CI never may."""
    update = request.config.getoption("--update-golden")
    if update and os.environ.get("CI"):
        pytest.fail("golden files are rewritten by people, and the difference is reviewed")

    def compare(file: Path, text: str) -> None:
        if update:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        expected = file.read_bytes().decode() if file.exists() else ""
        assert text == expected, f"{file.name} is out of date; `pytest --update-golden` rewrites it"

    return compare
