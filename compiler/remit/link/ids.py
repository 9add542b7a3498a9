"""Ids: the table of all definitions, and every place that names one."""

from collections.abc import Iterable, Sequence
from typing import Any

from remit.definitions import NAMED_KINDS, Agent, Graph, Release, Root, Tool
from remit.definitions.leaves import Leaf
from remit.definitions.words import KEY
from remit.diagnostic import Fault
from remit.link.portfolio import Symbol, Use
from remit.link.work import Work, span_of, suggestion_for, undefined
from remit.parse import LIBRARY_PREFIX, ParsedFile
from remit.source import Span

_ID_PATH = ("metadata", "id")


def symbols_of(files: Iterable[ParsedFile]) -> tuple[dict[tuple[str, str], Symbol], list[Fault]]:
    """The definitions by kind and id, and a fault for each that defines an id again.

    The first to define an id is a library, else the first file by path.
    """
    table: dict[tuple[str, str], Symbol] = {}
    faults: list[Fault] = []
    spans: dict[tuple[str, str], ParsedFile] = {}
    for file in sorted(files, key=lambda one: (not one.path.startswith(LIBRARY_PREFIX), one.path)):
        if file.identity is None:
            continue
        first = spans.setdefault(file.identity, file)
        if first is file:
            is_broken = file.definition is None
            table[file.identity] = Symbol(*file.identity, file.path, is_broken)
        else:
            place, other = file.file.value_span(_ID_PATH), first.file.value_span(_ID_PATH)
            faults.append(Fault("duplicate-id", place, file.identity.id, (file.identity.kind,), other))
    return table, faults


def link_id(work: Work, base: str, leaf: Leaf) -> None:
    """Looks up the definition that an id names."""
    symbol = work.symbols.get((leaf.kind, leaf.value))
    if symbol is not None:
        work.uses.setdefault((leaf.kind, leaf.value), []).append(Use(base, leaf.path))
        return
    span = span_of(work, base, leaf.path)
    name: str = leaf.value
    for kind in NAMED_KINDS:
        other = work.symbols.get((kind, name))
        if other is not None:
            work.faults.append(Fault("wrong-kind", span, name, (leaf.kind, kind), _place_of(work, other)))
            return
    meant = suggestion_for(work, leaf.kind, name)
    place = _place_of(work, work.symbols[leaf.kind, meant]) if meant is not None else None
    undefined(work, span, name, leaf.kind, work.ids.get(leaf.kind, ()), place)


def _place_of(work: Work, symbol: Symbol) -> Span:
    return work.files[symbol.path].file.value_span(_ID_PATH)


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
    symbol = work.symbols.get((leaf.kind, leaf.value))
    if symbol is None:
        return
    definition = work.files[symbol.path].definition
    if definition is None or isinstance(definition, Root | Graph):
        return
    if isinstance(definition, Agent | Tool) and definition.metadata.version != wanted:
        place = work.files[symbol.path].file.value_span(("metadata", "version"))
        noun = f"version of {leaf.kind} `{leaf.value}`"
        known = (noun, definition.metadata.version)
        work.faults.append(Fault("undefined-reference", span_of(work, base, leaf.path), wanted, known, place))
