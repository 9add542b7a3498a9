"""The portfolio: every definition by its id, every file they name, who uses what, and all that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, TypeVar, cast

from remit.definitions import NAMED_KINDS, Case, Definition, Graph, Named, Root
from remit.diagnostic import Fault
from remit.git.tree import ROOT_MARKER, Tree
from remit.link.paths import PathRefused, resolve
from remit.parse import ParsedFile
from remit.prompt.segments import Segment
from remit.read import Path, ReadFile
from remit.source import Span, whole_file

N = TypeVar("N", bound=Named)


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


class Asked(NamedTuple):
    """Who asks with a prompt: the id of the agent ("" where no agent names the graph), and its state."""

    agent: str
    state: str


@dataclass(frozen=True)
class Portfolio:
    """All definitions of a repository and its libraries, linked.

    `faults` holds what parsing and linking found, by kind; `unreadable` the files that definitions name and whose
    text is none. With either, the portfolio is not complete and nothing may be built from it. `texts`, `values`
    (JSON) and `cases` hold what definitions name, by the path from the root; `cases` by the id of the suite. `prompts`
    holds the segments of every prompt by the file and path at which a definition names it, as each state asks with it.
    """

    files: Mapping[str, ParsedFile]
    symbols: Mapping[tuple[str, str], Symbol]
    uses: Mapping[tuple[str, str], tuple[Use, ...]]
    texts: Mapping[str, str]
    values: Mapping[str, Any]
    cases: Mapping[str, tuple[Case, ...]]
    prompts: Mapping[tuple[str, Path], Mapping[Asked, tuple[Segment, ...]]]
    faults: Mapping[str, tuple[Fault, ...]]
    unreadable: tuple[ReadFile, ...]
    tree: Tree
    library: Tree

    @property
    def root(self) -> Root | None:
        """What `remit.yaml` says, None where it says nothing that can be used."""
        marker = self.files.get(ROOT_MARKER)
        return marker.definition if marker is not None and isinstance(marker.definition, Root) else None

    def of(self, kind: type[N]) -> Mapping[str, N]:
        """The definitions of one kind by id, sorted by id."""
        return cast("Mapping[str, N]", self._by_kind[kind.__name__])

    def find(self, kind: type[N], name: str) -> N | None:
        """The definition of an id, or None where there is none that can be used."""
        symbol = self.symbols.get((kind.__name__, name))
        definition = None if symbol is None else self.files[symbol.path].definition
        return definition if isinstance(definition, kind) else None

    @property
    def is_whole(self) -> bool:
        """Whether every definition file was taken; else what is missing may name anything."""
        return all(file.definition is not None for file in self.files.values())

    def holds(self, kind: type[Named]) -> bool:
        """Whether there is any definition of a kind."""
        return any(of == kind.__name__ for of, _ in self.symbols)

    def users(self, kind: type[Named], name: str) -> tuple[Use, ...]:
        """The places that name a definition."""
        return self.uses.get((kind.__name__, name), ())

    @cached_property
    def _by_kind(self) -> Mapping[str, dict[str, Named]]:
        found: dict[str, dict[str, Named]] = {kind: {} for kind in NAMED_KINDS}
        for _, symbol in sorted(self.symbols.items()):
            definition = self.files[symbol.path].definition
            if definition is not None and not isinstance(definition, Root | Graph):
                found[symbol.kind][symbol.id] = definition
        return found

    def path_of(self, definition: Definition) -> str:
        """The file of a definition.

        Raises:
            LookupError: the definition is not of this portfolio.
        """
        if not isinstance(definition, Graph):
            return self.symbols[definition.kind, definition.metadata.id].path
        for path, file in self.files.items():
            if file.definition is definition:
                return path
        raise LookupError("a graph of another portfolio")

    def span(self, path: str, at: Path, part: Literal["key", "value"] = "value") -> Span:
        """The place of a key or value in a file, or of the nearest one around it that exists."""
        file = self.files.get(path)
        if file is None:
            return whole_file(path)
        where = file.file.locate(at)
        return file.file.key_span(where) if part == "key" else file.file.value_span(where)

    # A path in the three methods below stands as it is written in the definition whose file is `base`.

    def text(self, base: str, path: str) -> str:
        """The text of a file that a definition names.

        Raises:
            LookupError: no definition names it, or it could not be read; then there is a fault.
        """
        return self.texts[self._resolved(base, path)]

    def included(self, base: str, path: str) -> tuple[str, str]:
        """The path from the root, and the text, of a file that a prompt includes.

        Raises:
            LookupError: no prompt includes it, or it could not be read; then there is a fault.
        """
        resolved = self._resolved(base, path)
        return resolved, self.texts[resolved]

    def json(self, base: str, path: str) -> Any:
        """The value of a JSON file that a definition names; numbers with a fraction are exact decimals.

        Raises:
            LookupError: no definition names it, or it could not be read; then there is a fault.
        """
        return self.values[self._resolved(base, path)]

    def graph(self, base: str, path: str) -> tuple[str, Graph]:
        """The path from the root of a Graph that an agent names, and the Graph.

        Raises:
            LookupError: there is no such Graph; then there is a fault.
        """
        resolved = self._resolved(base, path)
        file = self.files.get(resolved)
        if file is None or not isinstance(file.definition, Graph):
            raise LookupError(f"no graph in {resolved}")
        return resolved, file.definition

    def _resolved(self, base: str, path: str) -> str:
        resolved = resolve(base, path)
        if isinstance(resolved, PathRefused):
            raise LookupError(f"{path} {resolved.reason}")
        return resolved
