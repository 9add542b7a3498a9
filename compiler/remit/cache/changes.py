"""What changed since a base was made, and which answers are others for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import NamedTuple

from remit.cache.base import Base
from remit.cache.remembered import Remembered
from remit.cache.scan import Scan, is_read
from remit.cache.told import NO_DIGEST, digest_of
from remit.diagnostic import Fault
from remit.link import Facts

Key = tuple[str, str]


class Changes(NamedTuple):
    """The files that changed, those that are new, and those that are gone; their names are as the disk has them."""

    changed: tuple[bytes, ...]
    added: tuple[bytes, ...]
    removed: tuple[bytes, ...]

    @property
    def all(self) -> tuple[bytes, ...]:
        """Every file that is not what it was."""
        return self.changed + self.added + self.removed


def changes_since(base: Base, scan: Scan, read: Callable[[bytes], bytes | Fault]) -> Changes:
    """What changed on disk; a file that only looks changed is read, and has not if its bytes are the same."""
    now = dict(zip(scan.names, scan.rows, strict=True))
    racy, also = base.racy, base.also
    changed: list[bytes] = []
    for index, name in enumerate(base.names):
        row = now.pop(name, None)
        if row is not None and (row != base.row(index) or index in racy) and (is_read(name) or name in also):
            digest = base.digest(index)
            content = b"" if digest == NO_DIGEST else read(name)
            if digest == NO_DIGEST or isinstance(content, Fault) or digest_of(content) != digest:
                changed.append(name)
    present = set(scan.names)
    removed = tuple(name for name in base.names if name not in present)
    return Changes(tuple(changed), tuple(now), removed)


def other_answers(
    changes: Changes, facts: Mapping[str, Facts | None], old: Remembered, new: Remembered
) -> set[str]:
    """The lookups, as `question:name`, whose answers may be others: of files, folders, and of what definitions say.

    `facts` are those of the definition files that changed, None of those that are gone; `old` is the index as it was,
    `new` as it is with them.
    """
    found = {f"file:{name.decode(errors='surrogateescape')}" for name in changes.all}
    for name in chain(changes.added, changes.removed):
        found.update(f"folder:{folder}" for folder in _folders_above(name.decode(errors="surrogateescape")))
    if old.is_whole != new.is_whole:
        found.add("words:whole")
    found.update(f"words:{of}" for of in ("capabilities", "hosts", "facts") if old.words(of) != new.words(of))
    before = {path: old.facts.get(path) for path in facts}
    found.update(_of_claims(chain(before.values(), facts.values()), old, new))
    for path, now in facts.items():
        found.update(_of_names(path, before[path] or Facts(), now or Facts(), old, new))
    return found


def _folders_above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _of_claims(facts: Iterable[Facts | None], old: Remembered, new: Remembered) -> Iterator[str]:
    """What changes with the kinds and ids that files claim."""
    keys = {(one.kind, one.id) for one in facts if one is not None and one.kind}
    for kind, name in keys:
        was, now = old.symbol(kind, name), new.symbol(kind, name)
        yield f"of:{kind}"
        if was != now:
            yield f"symbol:{kind}/{name}"
            if kind == "Agent":
                yield f"handoffs:{name}"
        if (was is None) != (now is None):
            yield f"ids:{kind}"
            yield f"holds:{kind}"


def _of_names(path: str, was: Facts, now: Facts, old: Remembered, new: Remembered) -> Iterator[str]:
    """What changes with the names that one file holds."""
    if was.names != now.names:
        before, after = _places(was), _places(now)
        for key in before.keys() | after.keys():
            if before.get(key) != after.get(key):
                yield f"users:{key[0]}/{key[1]}"
    if was.graph != now.graph:
        yield from (f"asking:{graph}" for graph in (was.graph, now.graph) if graph)
    if was.graph != now.graph or _handed(was) != _handed(now):
        yield from (f"handoffs:{facts.id}" for facts in (was, now) if facts.kind == "Agent")
        for asker in chain(old.askers(path), new.askers(path)):
            for index in (old, new):
                agent = index.facts.get(asker)
                if agent is not None:
                    yield f"handoffs:{agent.id}"


def _places(facts: Facts) -> dict[Key, list[object]]:
    found: dict[Key, list[object]] = {}
    for kind, name, at in facts.names:
        found.setdefault((kind, name), []).append(at)
    return found


def _handed(facts: Facts) -> set[str]:
    return {name for kind, name, _ in facts.names if kind == "Agent"}
