"""Linking: one table of all definitions, every reference of every kind looked up, every named file read."""

from collections.abc import Iterable, Mapping, Sequence

from remit.definitions import Agent, ContextSource, EvalSuite, Graph, Policy, Release, Tool
from remit.definitions.leaves import Leaf
from remit.diagnostic import Fault
from remit.git.tree import Tree
from remit.link.facts import Facts
from remit.link.gates import agents_with, link_graders, stands_before
from remit.link.ids import link_id, link_identity, link_pins, link_release
from remit.link.index import Index, Symbol, Use
from remit.link.named_files import link_secrets
from remit.link.names import link_tool, link_work
from remit.link.paths import PathRefused, resolve
from remit.link.policies import link_policy
from remit.link.portfolio import Asked, Linked, Portfolio
from remit.link.references import link_agent, link_graph, link_source
from remit.link.schemas import link_schema
from remit.link.secrets import LITERAL, drawn_faults
from remit.link.servers import link_server
from remit.link.shelf import Shelf
from remit.link.suites import link_suite
from remit.link.trail import Lookup
from remit.link.unit import Unit
from remit.link.work import Work
from remit.parse import LIBRARY_PREFIX, ParsedFile

__all__ = [
    "Asked",
    "Facts",
    "Index",
    "Linked",
    "Lookup",
    "PathRefused",
    "Portfolio",
    "Shelf",
    "Symbol",
    "Unit",
    "Use",
    "agents_with",
    "link",
    "link_file",
    "resolve",
    "stands_before",
]


def link(files: Sequence[ParsedFile], tree: Tree, library: Tree) -> Portfolio:
    """The portfolio of all parsed files, those of the libraries included; it keeps all that it has read.

    `tree` and `library` give the files that definitions name.
    """
    given = {file.path: file for file in files}
    shelf = Shelf(tree, library, given)
    return Portfolio(shelf, Index({path: shelf.facts(path) for path in given}), link_file)


def link_file(portfolio: Portfolio, path: str) -> Linked:
    """What linking one definition file gives, with its faults of parsing.

    Raises:
        LookupError: there is no such file.
    """
    work = Work(path, portfolio)
    file = work.file(path)
    found = portfolio.leaves(path)
    link_secrets(work, path, path, file.file.places.content, LITERAL)
    if not path.startswith(LIBRARY_PREFIX):
        work.faults.extend(drawn_faults(path, file.file.places.content, list(work.faults)))
    if file.definition is not None:
        _link_leaves(work, file, found)
        _link_definition(work, file, found)
    link_identity(work, file)
    faults = dict.fromkeys([*file.faults, *work.faults])
    return Linked(path, _by_kind(faults), tuple(work.unreadable.values()), work.prompts, work.cases)


def _link_leaves(work: Work, file: ParsedFile, found: Iterable[Leaf]) -> None:
    for leaf in found:
        if leaf.meaning == "id":
            link_id(work, file.path, leaf)
        elif leaf.meaning in ("schema", "shape"):
            link_schema(work, file.path, leaf)
        elif leaf.meaning == "tool-list":
            link_server(work, file.path, leaf)


def _link_definition(work: Work, file: ParsedFile, found: Sequence[Leaf]) -> None:
    path, definition = file.path, file.definition
    if file.pins:
        link_pins(work, file, found)
    match definition:
        case Agent():
            link_agent(work, path, definition, found)
            link_work(work, path, definition)
        case Graph():
            link_graph(work, path, definition, found)
            link_work(work, path, definition)
        case ContextSource():
            link_source(work, path, definition, found)
            link_work(work, path, definition)
        case Tool():
            link_tool(work, path, definition)
        case Policy():
            link_policy(work, path, definition)
        case EvalSuite():
            link_suite(work, path, definition)
            link_graders(work, definition)
        case Release():
            link_release(work, path, definition)
        case _:
            pass


def _by_kind(faults: Iterable[Fault]) -> Mapping[str, tuple[Fault, ...]]:
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    return {kind: tuple(found) for kind, found in kinds.items()}
