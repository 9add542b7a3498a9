"""Linking: one table of all definitions, every reference of every kind looked up, every named file read."""

from collections.abc import Iterable, Sequence

from remit.definitions import Agent, ContextSource, EvalSuite, Gate, Graph, Policy, Release, Tool
from remit.definitions.leaves import Leaf, leaves
from remit.diagnostic import Fault
from remit.git.tree import Tree
from remit.link.gates import link_gate, stands_before
from remit.link.ids import link_id, link_pins, link_release, symbols_of
from remit.link.named_files import NotJson
from remit.link.names import link_tool, link_work
from remit.link.paths import PathRefused, resolve
from remit.link.policies import link_policy
from remit.link.portfolio import Asked, Portfolio, Symbol, Use
from remit.link.references import link_agent, link_graph, link_source
from remit.link.schemas import link_schema
from remit.link.secrets import LITERAL, secret_faults
from remit.link.servers import link_server
from remit.link.suites import link_suite
from remit.link.unit import Unit
from remit.link.work import Work
from remit.parse import LIBRARY_PREFIX, ParsedFile

__all__ = ["Asked", "PathRefused", "Portfolio", "Symbol", "Unit", "Use", "link", "resolve", "stands_before"]


def link(files: Sequence[ParsedFile], tree: Tree, library: Tree) -> Portfolio:
    """The portfolio of all parsed files, those of the libraries included, with every fault of parsing and linking.

    `tree` and `library` give the files that definitions name.
    """
    symbols, faults = symbols_of(files)
    work = Work({file.path: file for file in files}, symbols, tree, library, faults)
    marked = [(file, leaves(file.definition)) for file in files if file.definition is not None]
    for file in files:
        if not file.path.startswith(LIBRARY_PREFIX):
            work.faults.extend(secret_faults(file.path, file.file.places.content, work.secrets, LITERAL))
    for file, found in marked:
        _link_leaves(work, file, found)
    # Schemas are read by now, so that names in them can be looked up.
    for file, found in marked:
        _link_definition(work, file, found)
    return Portfolio(
        files=work.files,
        symbols=symbols,
        uses={name: tuple(uses) for name, uses in work.uses.items()},
        texts={path: text for path, text in work.texts.items() if text is not None},
        values={path: value for path, value in work.values.items() if not isinstance(value, NotJson)},
        cases=work.cases,
        prompts=work.prompts,
        faults=_by_kind([*(fault for file in files for fault in file.faults), *work.faults]),
        unreadable=tuple(work.unreadable),
        tree=tree,
        library=library,
    )


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
        case Gate():
            link_gate(work, path, definition)
        case EvalSuite():
            link_suite(work, path, definition)
        case Release():
            link_release(work, path, definition)
        case _:
            pass


def _by_kind(faults: Iterable[Fault]) -> dict[str, tuple[Fault, ...]]:
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    return {kind: tuple(found) for kind, found in kinds.items()}
