"""What linking one file gathers while it goes: its faults, its prompts and cases, and the files without a text."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from remit.definitions import Agent, Case, Graph, Tool
from remit.definitions.words import KEY
from remit.diagnostic import Fault, nearest, only_slip
from remit.link.paths import resolve
from remit.link.portfolio import Asked, Portfolio
from remit.parse import ParsedFile
from remit.prompt.segments import Segment
from remit.read import Path, ReadFile
from remit.source import Span

MAX_SUGGESTIONS = 20
"""Words of one file for which the nearest right one is sought; each costs a walk over all that could be meant."""


@dataclass
class Work:
    """The file that is linked, the portfolio in which it looks others up, and what has been found so far."""

    path: str
    portfolio: Portfolio
    faults: list[Fault] = field(default_factory=list[Fault])
    cases: tuple[Case, ...] | None = None
    prompts: dict[tuple[str, Path], dict[Asked, tuple[Segment, ...]]] = field(
        default_factory=dict[tuple[str, Path], "dict[Asked, tuple[Segment, ...]]"]
    )
    unreadable: dict[str, ReadFile] = field(default_factory=dict[str, ReadFile])
    searched: set[str] = field(default_factory=set[str])
    answers: set[str] = field(default_factory=set[str])
    suggestions: int = 0

    def file(self, path: str) -> ParsedFile:
        """The definition file at a path, where a definition was found.

        Raises:
            LookupError: there is none.
        """
        file = self.portfolio.file(path)
        if file is None:
            raise LookupError(path)
        return file

    def agent(self, name: str) -> Agent | None:
        """The agent of an id, if there is one that can be used."""
        return self.portfolio.find(Agent, name)

    def tool(self, name: str) -> tuple[str, Tool] | None:
        """The path and the tool of an id, if there is one that can be used."""
        tool = self.portfolio.find(Tool, name)
        return None if tool is None else (self.portfolio.path_of(tool), tool)

    def agents_of_graph(self, path: str) -> list[Agent]:
        """The agents that name the Graph in a file."""
        definitions = (self.portfolio.definition_at(one) for one in self.portfolio.askers(path))
        return [one for one in definitions if isinstance(one, Agent)]

    def graph_of(self, base: str, written: str) -> Graph | None:
        """The Graph that the agent in the file `base` names, if there is one."""
        resolved = resolve(base, written)
        definition = self.portfolio.definition_at(resolved) if isinstance(resolved, str) else None
        return definition if isinstance(definition, Graph) else None


def span_of(work: Work, path: str, at: Path) -> Span:
    """The place of the value at a path of a file, or of the key where the path ends in `KEY`."""
    file = work.file(path).file
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
    meant = nearest(word, known) if _may_suggest(work) else None
    expected = (noun,) if meant is None else (noun, meant)
    only = "" if meant is None else only_slip(word, known)
    work.faults.append(Fault("undefined-reference", span, word, expected, other, only))


def undefined_id(work: Work, span: Span, word: str, kind: str) -> None:
    """Records that `word` is the id of nothing of a kind."""
    meant = work.portfolio.nearest_id(kind, word) if _may_suggest(work) else None
    symbol = None if meant is None else work.portfolio.symbol(kind, meant)
    expected = (kind,) if meant is None else (kind, meant)
    place = None if symbol is None else work.file(symbol.path).file.value_span(("metadata", "id"))
    only = "" if meant is None else only_slip(word, work.portfolio.ids(kind))
    work.faults.append(Fault("undefined-reference", span, word, expected, place, only))


def _may_suggest(work: Work) -> bool:
    work.suggestions += 1
    return work.suggestions <= MAX_SUGGESTIONS
