"""The libraries that ship with the compiler: definitions like any other, locked into every bundle by digest."""

from pathlib import Path

from remit.git.disk import folder_tree
from remit.git.tree import Tree

LIBRARIES = ("std@1",)
"""What `use` may name."""


def library_tree() -> Tree:
    """The files of all libraries; their paths begin with the name of the library, as in `std@1/tools/git/log.yaml`."""
    return folder_tree(Path(__file__).parent)


def load(name: str) -> dict[str, bytes]:
    """The files of one library by their path, sorted.

    Raises:
        KeyError: there is no such library.
    """
    if name not in LIBRARIES:
        raise KeyError(name)
    tree = library_tree()
    contents = {path: tree.read(path) for path in tree.paths if path.startswith(f"{name}/")}
    return {path: content for path, content in contents.items() if isinstance(content, bytes)}
