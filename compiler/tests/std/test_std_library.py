"""The library that ships with the compiler is a repository like any other, and holds what the language promises."""

import pytest

from remit.git import Tree
from remit.link import link
from remit.parse import parse
from remit.read import read
from remit.std import library_tree, load

PROMISED = {
    "Tool": {
        *("git.log", "git.ls_files", "git.grep", "git.show", "git.diff"),
        *("code.symbols", "code.repo_map"),
    },
    "Team": {"dev"},
    "Model": {"dev"},
    "Environment": {"dev"},
    "Resource": {"workspace"},
    "DataClass": {"secret"},
    "Policy": {"std.prelude"},
    "Approval": {"std.origin"},
}


def test_the_library_holds_what_the_language_promises() -> None:
    tree: Tree = library_tree()
    parsed = [parse(read(path, content)) for path, content in load("std@1").items() if path.endswith(".yaml")]
    portfolio = link(parsed, tree, tree)

    ids: dict[str, set[str]] = {}
    for kind, name in portfolio.symbols:
        ids.setdefault(kind, set()).add(name)
    assert portfolio.faults == {}
    assert ids == PROMISED


def test_the_schemas_of_the_library_are_checked_here_and_not_in_every_run() -> None:
    # Under another path the same files are a repository's own, whose schemas are checked.
    files = {
        path.removeprefix("std@1/"): content
        for path, content in load("std@1").items()
        if path.endswith(".yaml")
    }
    portfolio = link(
        [parse(read(path, content)) for path, content in files.items()], library_tree(), library_tree()
    )

    assert portfolio.faults == {}


def test_the_paths_of_the_library_begin_with_its_name() -> None:
    assert list(load("std@1")) == sorted(path for path in load("std@1") if path.startswith("std@1/"))


def test_there_is_no_other_library() -> None:
    with pytest.raises(KeyError):
        load("std@2")
