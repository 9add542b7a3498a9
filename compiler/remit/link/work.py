"""What linking gathers while it goes: definitions by id, files already read, and faults."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from remit.definitions import Agent, Case, DataClass, Graph, Tool
from remit.definitions.words import KEY
from remit.diagnostic import Fault, nearest, only_slip
from remit.git.tree import Tree
from remit.link.paths import resolve
from remit.link.portfolio import Asked, Symbol, Use
from remit.link.secrets import secret_forms
from remit.parse import ParsedFile
from remit.prompt.segments import Segment
from remit.read import Path, ReadFile
from remit.redact import SecretForm
from remit.source import Span

MAX_SUGGESTIONS = 300
"""Words for which the nearest right one is sought; each costs a walk over all ids of its kind."""


@dataclass(frozen=True)
class Work:
    """The definitions that are linked, and what has been found so far."""

    files: dict[str, ParsedFile]
    symbols: dict[tuple[str, str], Symbol]
    tree: Tree
    library: Tree
    faults: list[Fault] = field(default_factory=list[Fault])
    uses: dict[tuple[str, str], list[Use]] = field(default_factory=dict[tuple[str, str], list[Use]])
    texts: dict[str, str | None] = field(default_factory=dict[str, str | None])
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    contents: dict[str, bytes | Fault] = field(default_factory=dict[str, "bytes | Fault"])
    answers: set[str] = field(default_factory=set[str])
    cases: dict[str, tuple[Case, ...]] = field(default_factory=dict[str, tuple[Case, ...]])
    prompts: dict[tuple[str, Path], dict[Asked, tuple[Segment, ...]]] = field(
        default_factory=dict[tuple[str, Path], "dict[Asked, tuple[Segment, ...]]"]
    )
    unreadable: list[ReadFile] = field(default_factory=list[ReadFile])
    suggestions: dict[tuple[str, str], str | None] = field(default_factory=dict[tuple[str, str], str | None])

    @cached_property
    def ids(self) -> dict[str, list[str]]:
        """The ids of every kind."""
        found: dict[str, list[str]] = {}
        for kind, name in self.symbols:
            found.setdefault(kind, []).append(name)
        return found

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """What the tools do, in the words of policies."""
        tools = (self.tool(name) for name in self.ids.get("Tool", ()))
        return frozenset(tool[1].capability for tool in tools if tool is not None)

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The hosts that http tools declare."""
        tools = (self.tool(name) for name in self.ids.get("Tool", ()))
        ways = (tool[1].spec.implementation.http for tool in tools if tool is not None)
        return frozenset(host for way in ways if way is not None for host in way.hosts)

    @cached_property
    def secrets(self) -> tuple[SecretForm, ...]:
        """The forms of secrets that the data classes of the repository and its libraries describe."""
        names = sorted(self.ids.get("DataClass", ()))
        found = (self.files[self.symbols["DataClass", name].path].definition for name in names)
        return secret_forms(one for one in found if isinstance(one, DataClass))

    def agent(self, name: str) -> Agent | None:
        """The agent of an id, if there is one that can be used."""
        symbol = self.symbols.get(("Agent", name))
        definition = self.files[symbol.path].definition if symbol is not None else None
        return definition if isinstance(definition, Agent) else None

    def tool(self, name: str) -> tuple[str, Tool] | None:
        """The path and the tool of an id, if there is one that can be used."""
        symbol = self.symbols.get(("Tool", name))
        definition = self.files[symbol.path].definition if symbol is not None else None
        return (symbol.path, definition) if symbol is not None and isinstance(definition, Tool) else None

    @cached_property
    def agents_of_graph(self) -> dict[str, list[Agent]]:
        """The agents that name each Graph, by its path."""
        found: dict[str, list[Agent]] = {}
        for path, file in self.files.items():
            if isinstance(file.definition, Agent) and file.definition.spec.orchestration.graph is not None:
                resolved = resolve(path, file.definition.spec.orchestration.graph)
                if isinstance(resolved, str):
                    found.setdefault(resolved, []).append(file.definition)
        return found

    def graph_of(self, base: str, written: str) -> Graph | None:
        """The Graph that the agent in the file `base` names, if there is one."""
        resolved = resolve(base, written)
        return self.graph(resolved) if isinstance(resolved, str) else None

    def graph(self, path: str) -> Graph | None:
        """The Graph in a file."""
        file = self.files.get(path)
        return file.definition if file is not None and isinstance(file.definition, Graph) else None


def span_of(work: Work, path: str, at: Path) -> Span:
    """The place of the value at a path of a file, or of the key where the path ends in `KEY`."""
    file = work.files[path].file
    if at and at[-1] == KEY:
        return file.key_span(file.locate(at[:-1]))
    return file.value_span(file.locate(at))


def undefined(
    work: Work,
    span: Span,
    word: str,
    noun: str,
    candidates: Iterable[str],
    other: Span | None = None,
) -> None:
    """Records that `word` names nothing: `noun` says what it should have named, `candidates` what there is."""
    known = tuple(candidates)
    meant = _suggestion(work, noun, word, known)
    expected = (noun,) if meant is None else (noun, meant)
    only = "" if meant is None else only_slip(word, known)
    work.faults.append(Fault("undefined-reference", span, word, expected, other, only))


def suggestion_for(work: Work, kind: str, word: str) -> str | None:
    """The id of a kind that `word` most likely means."""
    return _suggestion(work, kind, word, work.ids.get(kind, ()))


def _suggestion(work: Work, noun: str, word: str, candidates: Iterable[str]) -> str | None:
    known = work.suggestions
    if (noun, word) not in known:
        if len(known) >= MAX_SUGGESTIONS:
            return None
        known[noun, word] = nearest(word, candidates)
    return known[noun, word]
