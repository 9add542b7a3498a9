"""The check of a working tree that remembers: what did not change is not judged again.

The answer is that of `check`, byte for byte; docs/incremental.md says why.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple

from remit.cache.base import Base, Unit, load, save
from remit.cache.changes import changes_since, other_answers
from remit.cache.remembered import Remembered, facts_from, plain_facts, tables_of
from remit.cache.scan import Scan, is_read
from remit.cache.store import Store
from remit.cache.told import NO_DIGEST, digest_of
from remit.check import (
    OF_SECRETS,
    CheckResult,
    files_of,
    judge,
    library_tree,
    result_of,
    unnamed,
    used_libraries,
    without_collector,
)
from remit.diagnostic import Diagnostic, Fault
from remit.git import Tree, definitions, is_definition, tree_of_names
from remit.link import Facts, Index, Lookup, Portfolio, Shelf, link_file
from remit.read import MAX_BYTES

HELD_FILES = 3_000
"""Definition files of a repository that are held all while each is judged; of a larger one, `FEW_FILES`."""
FEW_FILES = 1_000
HELD_BYTES = 8 << 20
"""Bytes of the files that definitions name."""
REMEMBERED_ANEW = 100
"""Units judged again, above which a new base is written: until then it costs less to judge them at every check."""


class Counters(NamedTuple):
    """What a check did: the files it is about, those it read and parsed, the units it judged, what was remembered."""

    files: int
    read: int
    parsed: int
    judged: int
    cache: Literal["hit", "partial", "miss", "off"]


class Rechecked(NamedTuple):
    """A check's result, what it did, and what its report hangs on besides the scan.

    `also` and `racy` are those of `Told`. `hangs_on_day` says whether another day may have another result.
    """

    result: CheckResult
    counters: Counters
    may_be_remembered: bool
    hangs_on_day: bool = False
    also: frozenset[bytes] = frozenset()
    racy: Mapping[bytes, bytes] = {}


@dataclass
class _Reading:
    """The bytes of a tree as they were read: a digest of each file, and whether one was not the same twice."""

    tree: Tree
    digests: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    is_stable: bool = True

    def content(self, path: str, limit: int) -> bytes | Fault:
        """The bytes of a file."""
        content = self.tree.content(path, limit)
        if isinstance(content, bytes):
            digest = digest_of(content)
            self.is_stable &= self.digests.setdefault(path.encode(), digest) == digest
        return content


def recheck(
    scan: Scan, store: Store | None, compiler: bytes, begun_ns: int | None, today: date | None
) -> Rechecked:
    """The check of the working tree that was scanned. `begun_ns` is the time of the cache's file system before it was.

    Without a store nothing is remembered, and nothing looked up.
    """
    reading = _Reading(tree_of_names(Path(scan.root), scan.names))
    tree = Tree(reading.tree.root, reading.tree.paths, reading.content, reading.tree.faults)
    with without_collector():
        base = None if store is None else load(store, compiler)
        run = None if base is None else _after_changes(base, scan, reading, tree, today)
        if run is None:
            run = _from_nothing(reading, tree, today, is_kept=store is not None)
        return _settled(run, base, scan, reading, store, compiler, begun_ns)


class _Run(NamedTuple):
    """A check before it is remembered: `units` are those that were judged, `lookups` what these hang on by number."""

    result: CheckResult
    counters: Counters
    shelf: Shelf
    units: Mapping[str, tuple[Facts, array[int], tuple[Diagnostic, ...]]]
    lookups: Mapping[str, int]
    gone: frozenset[str]


def _from_nothing(reading: _Reading, tree: Tree, today: date | None, *, is_kept: bool) -> _Run:
    held = _held(len(definitions(tree)))
    shelf = Shelf(tree, library_tree(), files=held, content=HELD_BYTES)
    paths = sorted((*definitions(tree), *files_of(shelf.library, used_libraries(shelf))))
    facts = {path: shelf.facts(path) for path in paths}
    index = Index(facts, names_are_whole=not unnamed(tree))
    portfolio = Portfolio(shelf, index, link_file, units=FEW_FILES)
    lookups: dict[str, int] = {}
    # Backwards, as the last files are still at hand.
    units = {path: (facts[path], *_judged(portfolio, path, lookups)) for path in reversed(paths)}
    found = [one for _, _, of_unit in units.values() for one in of_unit]
    result = result_of(tree, portfolio, found, len(paths), None, today)
    counters = Counters(
        result.files, len(reading.digests), shelf.parsed_count, len(paths), "miss" if is_kept else "off"
    )
    return _Run(result, counters, shelf, units, lookups, frozenset())


def _held(files: int) -> int:
    """How many definitions are at hand at once: as many as 200 MB take of a large repository."""
    return HELD_FILES if files <= HELD_FILES else FEW_FILES


def _judged(
    portfolio: Portfolio, path: str, lookups: dict[str, int]
) -> tuple[array[int], tuple[Diagnostic, ...]]:
    """What one unit hangs on, by number, and what is found in it."""
    with portfolio.trail.followed() as noted:
        found = tuple(judge(portfolio, path))
    return array("I", sorted(_numbered(noted, lookups))), found


def _numbered(noted: Iterable[Lookup], lookups: dict[str, int]) -> Iterable[int]:
    return (lookups.setdefault(f"{question}:{name}", len(lookups)) for question, name in noted)


def _after_changes(base: Base, scan: Scan, reading: _Reading, tree: Tree, today: date | None) -> _Run | None:
    """The check of what changed since a base was made; None where everything has."""

    def read(name: bytes) -> bytes | Fault:
        return reading.content(name.decode(), MAX_BYTES)

    changes = changes_since(base, scan, read)
    shelf = Shelf(tree, library_tree(), files=FEW_FILES, content=HELD_BYTES)
    if base.tables["use"] != list(used_libraries(shelf)):
        return None
    facts: dict[str, Facts | None] = {
        path: shelf.facts(path) if path in tree else None
        for path in sorted(name.decode(errors="surrogateescape") for name in changes.all)
        if is_definition(path) and (path in tree or base.number(path) is not None)
    }
    names_are_whole = not unnamed(tree)
    old = Remembered(base, {}, names_are_whole=base.tables["names"])
    new = Remembered(base, facts, names_are_whole=names_are_whole)
    affected = {path for path, now in facts.items() if now is not None}
    for lookup in other_answers(changes, facts, old, new):
        affected.update(base.units[number] for number in base.units_with(lookup))
    affected -= {path for path, now in facts.items() if now is None}
    portfolio = Portfolio(shelf, new, link_file, units=FEW_FILES)
    lookups = {name: number for number, name in enumerate(base.lookups)}
    units = {path: (new.facts[path], *_judged(portfolio, path, lookups)) for path in sorted(affected)}
    gone = frozenset(path for path, now in facts.items() if now is None)
    found = [one for path, of_unit in base.found.items() if path not in affected | gone for one in of_unit]
    found += [one for _, _, of_unit in units.values() for one in of_unit]
    come = sum(now is not None and base.number(path) is None for path, now in facts.items())
    left = sum(base.number(path) is not None for path in gone)
    result = result_of(tree, portfolio, found, len(base.units) + come - left, None, today)
    counters = Counters(result.files, len(reading.digests), shelf.parsed_count, len(units), "partial")
    return _Run(result, counters, shelf, units, lookups, gone)


# ---- remembering


def _settled(
    run: _Run,
    base: Base | None,
    scan: Scan,
    reading: _Reading,
    store: Store | None,
    compiler: bytes,
    begun_ns: int | None,
) -> Rechecked:
    """The check, remembered as far as it may be."""
    found = (*run.result.diagnostics, *(one.found for one in run.result.suppressed))
    if store is None or begun_ns is None:
        return Rechecked(run.result, run.counters, may_be_remembered=False)
    # A secret is never written anywhere, and what a secret is masked in hangs on all of them.
    if not reading.is_stable or any(one.code in OF_SECRETS for one in found):
        store.forget()
        return Rechecked(run.result, run.counters, may_be_remembered=False)
    looked_up = {name[5:].encode(errors="surrogatepass") for name in run.lookups if name.startswith("file:")}
    also = frozenset(name for name in scan.names if name in looked_up and not is_read(name))
    racy = _still_racy(scan, looked_up, base, reading, store, begun_ns)
    if run.counters.cache == "miss" or len(run.units) > REMEMBERED_ANEW:
        _save(run, base, scan, reading, racy, also, store, compiler)
    by_name = {scan.names[index]: digest for index, digest in racy.items()}
    root = run.result.portfolio.root
    hangs_on_day = root is not None and bool(root.suppressions)
    return Rechecked(run.result, run.counters, True, hangs_on_day, also, by_name)


def _digests(base: Base | None, reading: _Reading) -> dict[bytes, bytes]:
    """The digests of the files that are known: read now, or when the base was made."""
    known = {} if base is None else {name: base.digest(index) for index, name in enumerate(base.names)}
    return {**known, **reading.digests}


def _still_racy(
    scan: Scan,
    looked_up: set[bytes],
    base: Base | None,
    reading: _Reading,
    store: Store,
    begun_ns: int,
) -> dict[int, bytes]:
    """The files that may have changed without a trace since they were read, with the digests that they had then."""
    suspects = [index for index in scan.racy(begun_ns) if scan.names[index] in looked_up]
    if not suspects:
        return {}
    digests, now_ns = _digests(base, reading), store.now_ns()
    recent = set(suspects if now_ns is None else scan.racy(now_ns))
    found: dict[int, bytes] = {}
    for index in suspects:
        name = scan.names[index]
        digest = digests.get(name, NO_DIGEST)
        # It is old enough by now: if it still holds what was read, a later change will show.
        content = b"" if index in recent else reading.tree.content(name.decode(), MAX_BYTES)
        if index in recent or isinstance(content, Fault) or digest_of(content) != digest:
            found[index] = digest
    return found


def _save(
    run: _Run,
    base: Base | None,
    scan: Scan,
    reading: _Reading,
    racy: Mapping[int, bytes],
    also: Iterable[bytes],
    store: Store,
    compiler: bytes,
) -> None:
    """Writes the base of this check: what was judged now, and what an older base says of the rest."""
    merged = {
        path: Unit(path, plain_facts(facts), numbers, found)
        for path, (facts, numbers, found) in run.units.items()
    }
    facts = {path: facts for path, (facts, _, _) in run.units.items()}
    if base is not None and run.counters.cache == "partial":
        for number, path in enumerate(base.units):
            if path not in merged and path not in run.gone:
                plain = base.facts(number)
                merged[path] = Unit(path, plain, base.lookups_of(number), base.found.get(path, ()))
                facts[path] = facts_from(plain)
    units = [merged[path] for path in sorted(merged)]
    tables: dict[str, Any] = tables_of([(unit.path, facts[unit.path]) for unit in units])
    tables["use"] = list(used_libraries(run.shelf))
    tables["names"] = not unnamed(run.shelf.tree)
    digests = _digests(base if run.counters.cache == "partial" else None, reading)
    save(store, compiler, scan, digests, racy, also, units, tables, list(run.lookups))
