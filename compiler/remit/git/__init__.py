"""Trees of files: a working tree, a commit, or a plain folder.

A repository is untrusted. `command` is the only module that calls git, and nothing in a repository makes it run
something; content of a working tree is read by `disk`, never through the filters of git. Links are never followed,
and a file larger than its limit is refused before it is in memory.
"""

from remit.git.command import GitFailed
from remit.git.disk import folder_tree
from remit.git.repository import (
    commit_tree,
    dirty_definitions,
    enclosing_repository,
    enclosing_root,
    head_commit,
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
    "working_tree",
]
