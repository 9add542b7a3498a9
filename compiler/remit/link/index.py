"""The index: every definition by its id, who names whom, and who hands off in a circle; made of facts alone."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from remit.diagnostic import nearest
from remit.link.facts import Facts, WordsOf, words_in
from remit.parse import LIBRARY_PREFIX
from remit.read import Path

MAX_COMPARED = 300
"""Ids of a kind among which the nearest is sought by likeness; among more, only those one slip away."""


class Symbol(NamedTuple):
    """The place of a definition: the file that defines `id`. `is_broken` when its model did not take it."""

    kind: str
    id: str
    path: str
    is_broken: bool


class Use(NamedTuple):
    """A place that names a definition: the file, and the path of the id in it."""

    path: str
    at: Path


def first_first(path: str) -> tuple[bool, str]:
    """The order in which files define an id: those of a library, then by path."""
    return (not path.startswith(LIBRARY_PREFIX), path)


class Index:
    """The facts of all files, by what is asked of them."""

    def __init__(self, facts: Mapping[str, Facts], *, names_are_whole: bool = True) -> None:
        self.facts = facts
        self._names_are_whole = names_are_whole

    @cached_property
    def is_whole(self) -> bool:
        """Whether every definition file was taken, and every name of one could be read."""
        return self._names_are_whole and not any(facts.is_broken for facts in self.facts.values())

    @cached_property
    def symbols(self) -> Mapping[tuple[str, str], Symbol]:
        """The definitions by kind and id; the first to define an id is a library, else the first file by path."""
        found: dict[tuple[str, str], Symbol] = {}
        for path in sorted(self.facts, key=first_first):
            kind, name, is_broken, *_ = self.facts[path]
            if kind:
                found.setdefault((kind, name), Symbol(kind, name, path, is_broken))
        return found

    def symbol(self, kind: str, name: str) -> Symbol | None:
        """The place of the definition of a kind and id."""
        return self.symbols.get((kind, name))

    @cached_property
    def ids(self) -> Mapping[str, tuple[str, ...]]:
        """The ids of every kind, sorted."""
        found: dict[str, list[str]] = {}
        for kind, name in sorted(self.symbols):
            found.setdefault(kind, []).append(name)
        return {kind: tuple(names) for kind, names in found.items()}

    def users(self, kind: str, name: str) -> tuple[Use, ...]:
        """The places that name a definition, in the order of their files."""
        return tuple(
            Use(path, at)
            for path in self._users.get((kind, name), ())
            for of, one, at in self.facts[path].names
            if one == name and of == kind
        )

    @cached_property
    def _users(self) -> Mapping[tuple[str, str], Iterable[str]]:
        """The files that name each definition, sorted; places are looked up there, as few are ever asked for."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for path in sorted(self.facts):
            for kind, name, _ in self.facts[path].names:
                found.setdefault((kind, name), {})[path] = None
        return {key: tuple(paths) for key, paths in found.items()}

    def askers(self, graph: str) -> tuple[str, ...]:
        """The files of the agents that name the Graph in a file, sorted."""
        return tuple(self._askers.get(graph, ()))

    @cached_property
    def _askers(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(self.facts):
            graph = self.facts[path].graph
            if graph:
                found.setdefault(graph, []).append(path)
        return found

    def words(self, of: WordsOf) -> frozenset[str]:
        """The capabilities of all tools, the hosts that they declare, or the facts that all policies declare."""
        return self._words[of]

    @cached_property
    def _words(self) -> Mapping[WordsOf, frozenset[str]]:
        found: dict[WordsOf, set[str]] = {"capabilities": set(), "hosts": set(), "facts": set()}
        for facts in self.facts.values():
            for of, word in words_in(facts):
                found[of].add(word)
        return {of: frozenset(words) for of, words in found.items()}

    def handoffs(self, agent: str) -> tuple[str, ...]:
        """The ids that an agent hands off to, itself or in its graph, sorted."""
        symbol = self.symbol("Agent", agent)
        if symbol is None:
            return ()
        own = self.facts[symbol.path]
        graph = self.facts.get(own.graph) if own.graph else None
        both = own.names if graph is None else (*own.names, *graph.names)
        return tuple(sorted({name for kind, name, _ in both if kind == "Agent"}))


def nearest_id(word: str, ids: tuple[str, ...]) -> str | None:
    """The id that `word` most likely means, at a cost that does not grow as fast as a repository does."""
    if len(ids) <= MAX_COMPARED:
        return nearest(word, ids)
    return nearest(word, [one for one in ids if abs(len(one) - len(word)) <= 1 and _is_close(word, one)])


def _is_close(word: str, other: str) -> bool:
    """Whether two words of about one length begin or end alike, as they do when one slip parts them."""
    half = min(len(word), len(other)) // 2
    return word[:half] == other[:half] or word[-half:] == other[-half:]
