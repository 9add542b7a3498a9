"""Small repositories, good and bad, and the command as it is typed."""

import gc
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from remit.cli import main


class Said(NamedTuple):
    """What one run of the command said."""

    code: int
    out: bytes
    err: str


Check = Callable[..., Said]


def run_check(root: Path, *options: str) -> Said:
    """Runs `remit check` in this process."""
    out, err = io.BytesIO(), io.StringIO()
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = io.TextIOWrapper(out, encoding="utf-8", write_through=True), err
    try:
        code = main(["check", str(root), *options])
        sys.stdout.flush()
        said = out.getvalue()
    finally:
        sys.stdout, sys.stderr = kept
        gc.enable()  # a command that only looks ends before it would help
    return Said(code, said, err.getvalue())


@pytest.fixture
def check() -> Check:
    """Runs `remit check` in this process."""
    return run_check
