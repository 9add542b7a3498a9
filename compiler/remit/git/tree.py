"""A tree: the files of a repository at one moment, and which of them are definitions."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from remit.diagnostic import Fault
from remit.read.file import file_fault
from remit.read.text import MAX_BYTES, deceptive_in_name
from remit.source import whole_file

ROOT_MARKER = "remit.yaml"
FOLDERS = frozenset(("agents", "evals", "policies", "releases", "tools"))
"""The folders that hold definitions and what they name."""
MAX_FILES = 500_000
"""Files in a tree; a folder with more is no repository of definitions."""


@dataclass(frozen=True)
class Tree:
    """The files of a repository at one moment.

    `paths` is sorted and holds every file whose name is plain UTF-8, links included. `faults` tells of names in
    the folders of definitions that cannot be used. `commit` and `blobs` (path to object id) are a commit's.
    """

    root: Path
    paths: tuple[str, ...]
    content: Callable[[str, int], bytes | Fault]
    faults: tuple[Fault, ...] = ()
    commit: str | None = None
    blobs: Mapping[str, str] = field(default_factory=dict[str, str])

    def __contains__(self, path: str) -> bool:
        at = bisect_left(self.paths, path)
        return at < len(self.paths) and self.paths[at] == path

    def names_in(self, folder: str) -> list[str]:
        """The names of the files, and of the folders, right in a folder ("" is the root), each once, sorted."""
        prefix = f"{folder}/" if folder else ""
        names: dict[str, None] = {}
        for at in range(bisect_left(self.paths, prefix), len(self.paths)):
            if not self.paths[at].startswith(prefix):
                break
            names[self.paths[at][len(prefix) :].partition("/")[0]] = None
        return list(names)

    def read(self, path: str, limit: int = MAX_BYTES) -> bytes | Fault:
        """The bytes of a file, or why there are none: `absent`, `link`, `not-a-file`, `too-large`, `unreadable`."""
        return self.content(path, limit) if path in self else file_fault("absent", path)


def definitions(tree: Tree) -> tuple[str, ...]:
    """The paths of the tree that are read as definitions; all other files are read only where one names them."""
    return tuple(path for path in tree.paths if is_definition(path))


def is_definition(path: str) -> bool:
    """Whether the file at `path` is a definition, or the root marker, by its place in the repository."""
    if path == ROOT_MARKER:
        return True
    if not path.endswith((".yaml", ".yml")):
        return False
    first, *rest = path.split("/")
    match first:
        case "agents" | "tools":
            return len(rest) >= 1
        case "policies":
            return len(rest) >= 1 and not (rest[0] == "tests" and len(rest) > 1)
        case "evals":
            return len(rest) == 2 and rest[1] in ("suite.yaml", "suite.yml")
        case "releases":
            return len(rest) == 1
        case _:
            return False


def holds_definitions(path: str) -> bool:
    """Whether the file at `path` is a definition, or may be what one is made of."""
    return path == ROOT_MARKER or path.partition("/")[0] in FOLDERS


def usable(names: Iterable[bytes]) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """The names that can be shown and written, sorted, and a fault for each other one where definitions live."""
    paths: list[str] = []
    faults: list[Fault] = []
    for name in names:
        try:
            path = name.decode()
        except UnicodeDecodeError:
            path = name.decode(errors="backslashreplace")
            faults.append(file_fault("undecodable-name", path))
            continue
        hidden = "" if path.isascii() and path.isprintable() else deceptive_in_name(path)
        if hidden:
            faults.append(file_fault("deceptive-name", path, hidden))
        else:
            paths.append(path)
        if len(paths) > MAX_FILES:
            faults.append(file_fault("too-many-files", ROOT_MARKER, str(MAX_FILES)))
            break
    return tuple(sorted(paths)), tuple(fault for fault in faults if holds_definitions(fault.span.path))


def too_large(path: str, size: int, limit: int) -> Fault:
    """The fault of a file with more bytes than its reader takes."""
    return Fault("too-large", whole_file(path), str(size), (str(limit),))
