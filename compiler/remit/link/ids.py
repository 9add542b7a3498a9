"""Ids: every place that names a definition, and every definition that takes an id again."""

from collections.abc import Sequence
from typing import Any

from remit.definitions import NAMED_KINDS, Agent, Graph, Release, Root, Tool
from remit.definitions.leaves import Leaf
from remit.definitions.words import KEY
from remit.diagnostic import Fault
from remit.link.index import Symbol
from remit.link.work import Work, span_of, undefined_id
from remit.parse import ParsedFile
from remit.source import Span

_ID_PATH = ("metadata", "id")


def link_identity(work: Work, file: ParsedFile) -> None:
    """Records that another file defines this file's id before it: one of a library, else the first by path."""
    if file.identity is None:
        return
    symbol = work.portfolio.symbol(*file.identity)
    if symbol is not None and symbol.path != file.path:
        place = file.file.value_span(_ID_PATH)
        other = _place_of(work, symbol)
        work.faults.append(Fault("duplicate-id", place, file.identity.id, (file.identity.kind,), other))


def link_id(work: Work, base: str, leaf: Leaf) -> None:
    """Looks up the definition that an id names."""
    name: str = leaf.value
    if work.portfolio.symbol(leaf.kind, name) is not None:
        return
    span = span_of(work, base, leaf.path)
    for kind in NAMED_KINDS:
        other = work.portfolio.symbol(kind, name)
        if other is not None:
            work.faults.append(Fault("wrong-kind", span, name, (leaf.kind, kind), _place_of(work, other)))
            return
    undefined_id(work, span, name, leaf.kind)


def _place_of(work: Work, symbol: Symbol) -> Span:
    return work.file(symbol.path).file.value_span(_ID_PATH)


def link_pins(work: Work, file: ParsedFile, leaves: Sequence[Leaf]) -> None:
    """Holds the versions that references ask for against those of the tree."""
    for leaf in leaves:
        if leaf.meaning != "id" or leaf.path[-1] == KEY:
            continue
        written: Any = file.file.value
        for step in file.file.locate(leaf.path):
            written = written[step]
        _, pinned, version = str(written).partition("@")
        if pinned and version != "latest":
            _link_version(work, file.path, leaf, version)


def link_release(work: Work, path: str, release: Release) -> None:
    """Holds the versions that a release asks for against those of the tree."""
    for name, wanted in release.spec.agents.items():
        at = ("spec", "agents", name, "version")
        _link_version(work, path, Leaf(at, "id", "Agent", name), wanted.version)


def _link_version(work: Work, base: str, leaf: Leaf, wanted: str) -> None:
    symbol = work.portfolio.symbol(leaf.kind, leaf.value)
    if symbol is None:
        return
    definition = work.file(symbol.path).definition
    if definition is None or isinstance(definition, Root | Graph):
        return
    if isinstance(definition, Agent | Tool) and definition.metadata.version != wanted:
        place = work.file(symbol.path).file.value_span(("metadata", "version"))
        noun = f"version of {leaf.kind} `{leaf.value}`"
        known = (noun, definition.metadata.version)
        work.faults.append(Fault("undefined-reference", span_of(work, base, leaf.path), wanted, known, place))
