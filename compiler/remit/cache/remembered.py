"""The index of a base, with the facts of some files in place of those that it remembers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any

from remit.cache.base import Base
from remit.link import Facts, Index, Symbol, Use
from remit.link.facts import Named, WordsOf, words_in
from remit.link.index import first_first


def plain_facts(facts: Facts) -> bytes:
    """Facts as they are remembered."""
    names = [[kind, name, list(at)] for kind, name, at in facts.names]
    plain = [facts.kind, facts.id, facts.is_broken, names, facts.graph, facts.words, facts.hosts]
    return json.dumps(plain, separators=(",", ":")).encode()


def facts_from(plain: bytes) -> Facts:
    """Facts that were remembered."""
    kind, name, is_broken, names, graph, words, hosts = json.loads(plain)
    named = tuple(Named(of, one, tuple(at)) for of, one, at in names)
    return Facts(kind, name, is_broken, named, graph, tuple(words), tuple(hosts))


def tables_of(facts: Sequence[tuple[str, Facts]]) -> dict[str, Any]:
    """What is asked of the facts of all units; they are numbered in the order in which they are given."""
    order = sorted(range(len(facts)), key=lambda number: first_first(facts[number][0]))
    claims = [(facts[n][1].kind, facts[n][1].id, n, facts[n][1].is_broken) for n in order if facts[n][1].kind]
    users: dict[str, dict[int, None]] = {}
    askers: dict[str, list[int]] = {}
    words: dict[str, dict[str, int]] = {"capabilities": {}, "hosts": {}, "facts": {}}
    for number, (_, one) in enumerate(facts):
        for kind, name, _ in one.names:
            users.setdefault(f"{kind}/{name}", {})[number] = None
        if one.graph:
            askers.setdefault(one.graph, []).append(number)
        for of, word in words_in(one):
            words[of][word] = words[of].get(word, 0) + 1
    return {
        "claims": list(zip(*claims, strict=True)) or [[], [], [], []],
        "users": {key: list(numbers) for key, numbers in users.items()},
        "askers": askers,
        "words": words,
        "broken": sum(one.is_broken for _, one in facts),
    }


class _FactsByPath(Mapping[str, Facts]):
    """The facts of every file, read when somebody asks."""

    def __init__(self, base: Base, others: Mapping[str, Facts | None]) -> None:
        self._base, self._others = base, others
        self._read: dict[str, Facts] = {}

    def __getitem__(self, path: str) -> Facts:
        if path in self._others:
            facts = self._others[path]
            if facts is None:
                raise KeyError(path)
            return facts
        if path not in self._read:
            number = self._base.number(path)
            if number is None:
                raise KeyError(path)
            self._read[path] = facts_from(self._base.facts(number))
        return self._read[path]

    def __contains__(self, path: object) -> bool:
        if path in self._others:
            return self._others[path] is not None  # type: ignore[index]  # pyright: ignore[reportArgumentType] -- it is in there
        return isinstance(path, str) and self._base.number(path) is not None

    def __iter__(self) -> Iterator[str]:
        added = (path for path in self._others if self._base.number(path) is None)
        return (path for path in chain(self._base.units, added) if path in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Remembered(Index):
    """The index of a base, in which the facts of some files are others; None are those of a file that is gone."""

    def __init__(self, base: Base, others: Mapping[str, Facts | None], *, names_are_whole: bool) -> None:
        super().__init__(_FactsByPath(base, others), names_are_whole=names_are_whole)
        self._base, self._others = base, others
        self._left = {number for path in others if (number := base.number(path)) is not None}

    @cached_property
    def is_whole(self) -> bool:
        """Whether every definition file was taken, and every name of one could be read."""
        broken = self._base.tables["broken"] - sum(one.is_broken for one in self._gone())
        return self._names_are_whole and broken + sum(one.is_broken for one in self._come()) == 0

    @cached_property
    def _claims(self) -> Mapping[tuple[str, str], tuple[str, bool]]:
        """The path that defines each kind and id, and whether it is broken."""
        units, left = self._base.units, self._left
        found: dict[tuple[str, str], tuple[str, bool]] = {}
        for kind, name, unit, is_broken in zip(*self._base.tables["claims"], strict=True):
            if unit not in left and (kind, name) not in found:
                found[kind, name] = units[unit], is_broken
        for path, facts in self._others.items():
            if facts is not None and facts.kind:
                held = found.get((facts.kind, facts.id))
                if held is None or first_first(path) < first_first(held[0]):
                    found[facts.kind, facts.id] = path, facts.is_broken
        return found

    def symbol(self, kind: str, name: str) -> Symbol | None:
        """The place of the definition of a kind and id."""
        claim = self._claims.get((kind, name))
        return None if claim is None else Symbol(kind, name, *claim)

    @cached_property
    def symbols(self) -> Mapping[tuple[str, str], Symbol]:
        """The definitions by kind and id."""
        return {key: Symbol(*key, *claim) for key, claim in self._claims.items()}

    @cached_property
    def ids(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of every kind, sorted."""
        found: dict[str, list[str]] = {}
        for kind, name in self._claims:
            found.setdefault(kind, []).append(name)
        return {kind: tuple(sorted(names)) for kind, names in found.items()}

    def users(self, kind: str, name: str) -> tuple[Use, ...]:
        """The places that name a definition, in the order of their files."""
        numbers: Iterable[int] = self._base.tables["users"].get(f"{kind}/{name}", ())
        paths = {self._base.units[number] for number in numbers if number not in self._left}
        paths.update(path for path, facts in self._others.items() if facts is not None)
        return tuple(
            Use(path, at)
            for path in sorted(paths)
            for of, one, at in self.facts[path].names
            if (of, one) == (kind, name)
        )

    def askers(self, graph: str) -> tuple[str, ...]:
        """The files of the agents that name the Graph in a file, sorted."""
        numbers: Iterable[int] = self._base.tables["askers"].get(graph, ())
        paths = {self._base.units[number] for number in numbers if number not in self._left}
        paths.update(
            path for path, facts in self._others.items() if facts is not None and facts.graph == graph
        )
        return tuple(sorted(paths))

    @cached_property
    def _words(self) -> Mapping[WordsOf, frozenset[str]]:
        counts: dict[WordsOf, dict[str, int]] = {
            of: dict(said) for of, said in self._base.tables["words"].items()
        }
        for sign, files in ((-1, self._gone()), (1, self._come())):
            for facts in files:
                for of, word in words_in(facts):
                    counts[of][word] = counts[of].get(word, 0) + sign
        return {of: frozenset(word for word, count in said.items() if count) for of, said in counts.items()}

    def _gone(self) -> Iterator[Facts]:
        return (facts_from(self._base.facts(number)) for number in self._left)

    def _come(self) -> Iterator[Facts]:
        return (facts for facts in self._others.values() if facts is not None)
