"""A walk over a plain folder, which git knows nothing of."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # see `command`
if TYPE_CHECKING:
    from collections.abc import Iterator


def walk(root: bytes) -> Iterator[bytes]:
    """The names of all files below a folder; folders that are links are given as such and not entered."""
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root + b"/" + folder), key=lambda entry: entry.name)
        except OSError:
            continue  # a folder that we may not list holds nothing for us
        for entry in entries:
            name = folder + entry.name
            if not entry.is_dir(follow_symlinks=False):
                yield name
            elif not entry.name.startswith(b"."):
                waiting.append(name + b"/")
