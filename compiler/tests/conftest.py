"""What all tests of the compiler share: golden files, which people and other programs read."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from github_loopback.server import Server
from github_loopback.state import GitHub
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


@pytest.fixture
def github() -> Iterator[Server]:
    """A GitHub of this machine, still without repositories; its attribute `github` is its state."""
    server = Server(GitHub("ghs_16C7e42F292c6912E7710c838347Ae178B4a"))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(5)
