"""Paths in definitions: from the folder of the file they stand in to the root of the repository or library."""

from typing import NamedTuple

from remit.parse import LIBRARY_PREFIX


class PathRefused(NamedTuple):
    """Why a path is none of the repository, as the end of a sentence."""

    reason: str


def resolve(base: str, path: str) -> str | PathRefused:
    """The path from the root of what is written as `path` in the definition at `base`.

    A definition of a library stays within its library.
    """
    if "\\" in path:
        return PathRefused("holds a backslash; folders are divided by `/`")
    if path.startswith(("/", "~")):
        return PathRefused("does not begin in the folder of this file")
    folders = base.split("/")[:-1]
    floor = 1 if base.startswith(LIBRARY_PREFIX) else 0
    for step in path.split("/"):
        if step in ("", "."):
            continue
        if step != "..":
            folders.append(step)
        elif len(folders) > floor:
            folders.pop()
        else:
            return PathRefused("leads out of the repository")
    return "/".join(folders)
