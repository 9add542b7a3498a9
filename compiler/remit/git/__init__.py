"""Trees of files: a working tree, a commit, or a plain folder.

A repository is untrusted. `command` is the only module that calls git, and nothing in a repository makes it run
something; content of a working tree is read by `disk`, never through the filters of git. Links are never followed,
and a file larger than its limit is refused before it is in memory.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # see `command`
if TYPE_CHECKING:
    from remit.git.command import GitFailed
    from remit.git.disk import folder_tree
    from remit.git.repository import (
        commit_tree,
        dirty_definitions,
        enclosing_repository,
        enclosing_root,
        head_commit,
        tree_of_names,
        working_tree,
    )
    from remit.git.tree import FOLDERS, ROOT_MARKER, Tree, definitions, is_definition

__all__ = [
    "FOLDERS",
    "ROOT_MARKER",
    "GitFailed",
    "Tree",
    "commit_tree",
    "definitions",
    "dirty_definitions",
    "enclosing_repository",
    "enclosing_root",
    "folder_tree",
    "head_commit",
    "is_definition",
    "tree_of_names",
    "working_tree",
]

_MODULES = {"GitFailed": "command", "folder_tree": "disk"} | dict.fromkeys(
    ("FOLDERS", "ROOT_MARKER", "Tree", "definitions", "is_definition"), "tree"
)


def __getattr__(name: str) -> object:
    """One of the names above, loaded when it is wanted: to list files takes a tenth of what all of these take."""
    if name not in __all__:
        raise AttributeError(f"module `{__name__}` has no attribute `{name}`")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'repository')}"), name)
