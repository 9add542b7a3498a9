"""The names of the files that are checked, as git or the disk lists them.

What checks a tree that did not change imports this and nothing heavier.
"""

from __future__ import annotations

import os

from remit.git.command import run_git
from remit.git.walk import walk

TYPE_CHECKING = False  # see `command`
if TYPE_CHECKING:
    from pathlib import Path


def names_on_disk(root: Path | str, *, in_repository: bool) -> list[bytes]:
    """The names below `root`: tracked, or new and not ignored; without git, all of them. Some may be gone.

    Raises:
        GitFailed: git does not read the repository.
    """
    if not in_repository:
        return list(walk(os.fsencode(root)))
    listed = run_git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split(b"\0")
    return [
        name for name in set(listed) if name and not name.endswith(b"/") and not name.startswith(b".remit/")
    ]


def nearest_with(start: str, name: str) -> str | None:
    """The nearest folder, at or above a real path, that holds something of a name."""
    folder = start
    while not os.path.lexists(os.path.join(folder, name)):  # noqa: PTH118 -- see `remit.cache.store`
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return None
        folder = above
    return folder
