"""Reading a folder on disk: no link is followed, no pipe or device is opened, no large file is loaded."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from remit.diagnostic import Fault
from remit.git.tree import Tree, too_large, usable
from remit.git.walk import walk
from remit.read.file import file_fault


def folder_tree(root: Path) -> Tree:
    """All files of a plain folder, apart from those in folders whose name begins with a dot."""
    paths, faults = usable(walk(os.fsencode(root)))
    return Tree(root, paths, disk_reader(root), faults)


def disk_reader(root: Path) -> Callable[[str, int], bytes | Fault]:
    """Reads files below `root` without following a link in any part of their path."""
    real_folders: dict[str, bool] = {"": True}

    def is_real(folder: str) -> bool:
        known = real_folders.get(folder)
        if known is None:
            parent = folder.rpartition("/")[0]
            known = is_real(parent) and stat.S_ISDIR(os.lstat(root / folder).st_mode)
            real_folders[folder] = known
        return known

    def content(path: str, limit: int) -> bytes | Fault:
        try:
            if not is_real(path.rpartition("/")[0]):
                return file_fault("link", path)
            return _file_content(root / path, path, limit)
        except FileNotFoundError:
            return file_fault("absent", path)
        except OSError as error:
            return file_fault("unreadable", path, os.strerror(error.errno or 0))

    return content


def _file_content(file: Path, path: str, limit: int) -> bytes | Fault:
    # A pipe or a device is not opened at all: opening alone can block, or act.
    mode = file.lstat().st_mode
    if stat.S_ISLNK(mode):
        return file_fault("link", path)
    if not stat.S_ISREG(mode):
        return file_fault("not-a-file", path)
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as stream:
        size = os.fstat(handle).st_size
        # As much as there is, or has become since: room for the whole limit would cost more than the reading.
        content = b"" if size > limit else stream.read(size + 1)
        if len(content) > size:
            content += stream.read(limit + 1 - len(content))
    if max(size, len(content)) > limit:
        return too_large(path, max(size, len(content)), limit)
    return content
