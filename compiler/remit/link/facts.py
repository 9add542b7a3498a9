"""Facts: what one definition file says that other files may look up, from its own bytes and path alone."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from remit.definitions import Agent, Policy, Tool
from remit.definitions.leaves import Leaf
from remit.link.paths import resolve
from remit.parse import ParsedFile
from remit.read import Path

WordsOf: TypeAlias = Literal["capabilities", "hosts", "facts"]
"""What words are: the capabilities and hosts of tools, the facts of policies."""


class Named(NamedTuple):
    """A place of a file that names a definition, and the path of the id in the file."""

    kind: str
    id: str
    at: Path


class Facts(NamedTuple):
    """What a file says: the kind and id it claims, what it names, and a few words that others look up by themselves.

    `kind` and `id` are "" where it claims none. `graph` is the path of the Graph that an agent names, `words` are the
    capability of a tool or the facts of a policy, `hosts` those that an http tool declares.
    """

    kind: str = ""
    id: str = ""
    is_broken: bool = True
    names: tuple[Named, ...] = ()
    graph: str = ""
    words: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


def facts_of(file: ParsedFile, found: Sequence[Leaf]) -> Facts:
    """The facts of a parsed file, of which `found` are the marked fields."""
    kind, name = file.identity or ("", "")
    definition = file.definition
    if definition is None:
        return Facts(kind, name)
    names = tuple(_one_of(Named(leaf.kind, leaf.value, leaf.path)) for leaf in found if leaf.meaning == "id")
    graph, words, hosts = "", tuple[str, ...](), tuple[str, ...]()
    match definition:
        case Agent() if definition.spec.orchestration.graph is not None:
            resolved = resolve(file.path, definition.spec.orchestration.graph)
            graph = resolved if isinstance(resolved, str) else ""
        case Tool():
            words = (definition.capability,)
            http = definition.spec.implementation.http
            hosts = () if http is None else tuple(http.hosts)
        case Policy():
            words = tuple(definition.spec.facts)
        case _:
            pass
    return Facts(kind, name, False, names, graph, words, hosts)


@lru_cache(maxsize=1 << 16)
def _one_of(named: Named) -> Named:
    """The same place for all files that name a definition at the same one, as agents do that were written alike."""
    return named


def words_in(facts: Facts) -> Iterator[tuple[WordsOf, str]]:
    """The words that a file declares, with what they are."""
    if facts.kind == "Tool":
        for word in facts.words:
            yield "capabilities", word
        for word in facts.hosts:
            yield "hosts", word
    elif facts.kind == "Policy":
        for word in facts.words:
            yield "facts", word
