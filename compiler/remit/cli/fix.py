"""What an author types to have mistakes corrected: fix."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from remit.cli.author import tree_of
from remit_runtime.errors import UsageError

if TYPE_CHECKING:
    from remit.fix import Fixed


def fix(arguments: argparse.Namespace) -> int:
    """Shows every safe correction as a diff, and makes them with `--write`; exit 1 while some are not made."""
    from remit.fix import fixed

    tree = tree_of(Path(arguments.directory))
    found = fixed(tree)
    if not found.corrections:
        print("nothing to correct")
        return 0
    sys.stdout.write(found.diff())
    counted = f"{_counted(found.corrections, 'correction')} in {_counted(len(found.after), 'file')}"
    if not arguments.write:
        print(f"{counted}; `remit fix --write` makes them")
        return 1
    _write(tree.root, found)
    print(f"made {counted}")
    return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _write(root: Path, found: Fixed) -> None:
    """Writes every file anew, each in one step.

    Raises:
        UsageError: a file has changed since it was read; nothing was written.
    """
    for path, text in found.before.items():
        if (root / path).read_bytes() != text.encode():
            raise UsageError("file_changed", f"`{path}` has changed meanwhile, so nothing was written")
    for path, text in found.after.items():
        file = root / path
        with tempfile.NamedTemporaryFile("wb", dir=file.parent, prefix=".remit-", delete=False) as temporary:
            temporary.write(text.encode())
        made = Path(temporary.name)
        made.chmod(file.stat().st_mode & 0o777)
        made.replace(file)
