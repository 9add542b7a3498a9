"""The portfolio: every definition by its id, every file they name, who uses what, and all that is wrong with it.

It is asked one question at a time, and what it is asked while a unit is judged is noted on a trail: a finding hangs on
these answers and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Generic, Literal, NamedTuple, TypeVar, cast

from remit.definitions import NAMED_KINDS, Case, Definition, EvalSuite, Graph, Named, Root
from remit.definitions.leaves import Leaf
from remit.diagnostic import Fault
from remit.git.tree import ROOT_MARKER, Tree
from remit.link.facts import WordsOf
from remit.link.index import Index, Symbol, Use, nearest_id
from remit.link.json_text import NotJson, json_value
from remit.link.paths import PathRefused, resolve
from remit.link.shelf import Recent, Shelf
from remit.link.trail import Lookup, Trail
from remit.parse import LIBRARY_PREFIX, ParsedFile
from remit.prompt.segments import Segment
from remit.read import MAX_BYTES, Path, ReadFile
from remit.read.text import ReadText, read_text
from remit.source import Span, whole_file

N = TypeVar("N", bound=Named)
K = TypeVar("K")
V = TypeVar("V")


class Asked(NamedTuple):
    """Who asks with a prompt: the id of the agent ("" where no agent names the graph), and its state."""

    agent: str
    state: str


Prompts = Mapping[tuple[str, Path], Mapping[Asked, tuple[Segment, ...]]]


class Linked(NamedTuple):
    """What linking one file gave: its faults by kind, the files it names whose text is none, its prompts and cases.

    The faults are those of parsing too. `prompts` hold the segments of every prompt by the file and path at which the
    definition names it, as each state asks with it; `cases` those of a suite, None where they cannot all be read.
    """

    path: str
    faults: Mapping[str, tuple[Fault, ...]]
    unreadable: tuple[ReadFile, ...]
    prompts: Prompts
    cases: tuple[Case, ...] | None


Link = Callable[["Portfolio", str], Linked]


class Answers(Mapping[K, V], Generic[K, V]):
    """A mapping whose values are found when somebody asks; all keys are known only where nobody follows a trail."""

    def __init__(self, find: Callable[[K], V], keys: Callable[[], Iterable[K]]) -> None:
        self._find, self._keys = find, keys

    def __getitem__(self, key: K) -> V:
        return self._find(key)

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys())

    def __len__(self) -> int:
        return sum(1 for _ in self._keys())


class Portfolio:
    """All definitions of a repository and its libraries, linked.

    With a fault in any file, or a file that definitions name and whose text is none, the portfolio is not complete and
    nothing may be built from it. `prompts` and `cases` are those of `Linked`, the latter by the id of the suite.
    """

    def __init__(self, shelf: Shelf, index: Index, link: Link, *, units: int | None = None) -> None:
        self._shelf, self._index, self._link = shelf, index, link
        self._trail = Trail()
        self._linked = Recent[str, tuple[Linked, frozenset[Lookup]]](units)
        self._texts = Recent[tuple[bool, str], ReadText | Fault](units)
        self._values = Recent[tuple[bool, str], Any](units)
        self._all: dict[str, Mapping[str, Named]] = {}
        self._made: dict[Callable[[Portfolio], Any], tuple[Any, frozenset[Lookup]]] = {}
        self._nearest: dict[tuple[str, str], str | None] = {}

    @property
    def trail(self) -> Trail:
        """What is looked up."""
        return self._trail

    # ---- definitions

    @property
    def root(self) -> Root | None:
        """What `remit.yaml` says, None where it says nothing that can be used."""
        definition = self.definition_at(ROOT_MARKER)
        return definition if isinstance(definition, Root) else None

    def symbol(self, kind: str, name: str) -> Symbol | None:
        """The place of the definition of a kind and id."""
        self._trail.note("symbol", f"{kind}/{name}")
        return self._index.symbol(kind, name)

    def file(self, path: str) -> ParsedFile | None:
        """The definition file at a path; None where there is none, or where no definition is read."""
        self._note_file(path)
        return self._shelf.parsed(path) if path in self._index.facts else None

    def leaves(self, path: str) -> list[Leaf]:
        """The marked fields of the definition in a file, none where there is none."""
        self._note_file(path)
        return self._shelf.leaves(path) if path in self._index.facts else []

    def definition_at(self, path: str) -> Definition | Root | None:
        """The definition in a file, None where there is none that can be used."""
        file = self.file(path)
        return None if file is None else file.definition

    def find(self, kind: type[N], name: str) -> N | None:
        """The definition of an id, or None where there is none that can be used."""
        symbol = self.symbol(kind.__name__, name)
        definition = None if symbol is None else self.definition_at(symbol.path)
        return definition if isinstance(definition, kind) else None

    def of(self, kind: type[N]) -> Mapping[str, N]:
        """The definitions of one kind by id, sorted by id."""
        name = kind.__name__
        self._trail.note("of", name)
        if name not in self._all:
            found: dict[str, Named] = {}
            for one in self._index.ids.get(name, ()):
                symbol = self._index.symbol(name, one)
                definition = None if symbol is None else self._shelf.parsed(symbol.path).definition
                if isinstance(definition, kind):
                    found[one] = definition
            self._all[name] = found
        return cast("Mapping[str, N]", self._all[name])

    @property
    def is_whole(self) -> bool:
        """Whether every definition file was taken; else what is missing may name anything."""
        self._trail.note("words", "whole")
        return self._index.is_whole

    def holds(self, kind: type[Named]) -> bool:
        """Whether there is any definition of a kind."""
        self._trail.note("holds", kind.__name__)
        return kind.__name__ in self._index.ids

    def ids(self, kind: str) -> tuple[str, ...]:
        """The ids of a kind, sorted."""
        self._trail.note("ids", kind)
        return self._index.ids.get(kind, ())

    def nearest_id(self, kind: str, word: str) -> str | None:
        """The id of a kind that a word most likely means."""
        ids = self.ids(kind)
        if (kind, word) not in self._nearest:
            self._nearest[kind, word] = nearest_id(word, ids)
        return self._nearest[kind, word]

    def path_of(self, definition: Definition) -> str:
        """The file of a definition.

        Raises:
            LookupError: the definition is a Graph, which has no id, or not of this portfolio.
        """
        if isinstance(definition, Graph):
            raise LookupError("a graph is known by its path alone")
        symbol = self.symbol(definition.kind, definition.metadata.id)
        if symbol is None:
            raise LookupError(f"{definition.metadata.id} is of another portfolio")
        return symbol.path

    # ---- who names whom

    def users(self, kind: type[Named], name: str) -> tuple[Use, ...]:
        """The places that name a definition."""
        self._trail.note("users", f"{kind.__name__}/{name}")
        return self._index.users(kind.__name__, name)

    def handoffs(self, agent: str) -> tuple[str, ...]:
        """The ids of the agents that an agent hands off to, itself or in its graph, sorted."""
        self._trail.note("handoffs", agent)
        return self._index.handoffs(agent)

    def askers(self, graph: str) -> tuple[str, ...]:
        """The files of the agents that name the Graph in a file."""
        self._trail.note("asking", graph)
        return self._index.askers(graph)

    def words(self, of: WordsOf) -> frozenset[str]:
        """The capabilities of all tools, the hosts that they declare, or the facts that all policies declare."""
        self._trail.note("words", of)
        return self._index.words(of)

    # ---- places, prompts and cases

    def span(self, path: str, at: Path, part: Literal["key", "value"] = "value") -> Span:
        """The place of a key or value in a file, or of the nearest one around it that exists."""
        file = self.file(path)
        if file is None:
            return whole_file(path)
        where = file.file.locate(at)
        return file.file.key_span(where) if part == "key" else file.file.value_span(where)

    def linked(self, path: str) -> Linked:
        """What linking the definition file at a path gives."""
        linked, lookups = self._linked.get(path, lambda: self._followed(path))
        self._trail.note_all(lookups)
        return linked

    def _followed(self, path: str) -> tuple[Linked, frozenset[Lookup]]:
        with self._trail.followed() as lookups:
            linked = self._link(self, path)
        return linked, frozenset(lookups)

    @cached_property
    def prompts(self) -> Prompts:
        """The segments of every prompt."""
        return Answers(
            lambda key: self.linked(key[0]).prompts[key],
            lambda: (key for path in self.paths for key in self.linked(path).prompts),
        )

    @cached_property
    def cases(self) -> Mapping[str, tuple[Case, ...]]:
        """The cases of every suite whose cases can all be read."""
        return Answers(self._cases_of, lambda: (name for name in self.of(EvalSuite) if self._has_cases(name)))

    def _cases_of(self, suite: str) -> tuple[Case, ...]:
        symbol = self.symbol("EvalSuite", suite)
        cases = None if symbol is None else self.linked(symbol.path).cases
        if cases is None:
            raise KeyError(suite)
        return cases

    def _has_cases(self, suite: str) -> bool:
        return suite in self.cases

    # ---- files that definitions name; a path stands as it is written in the definition whose file is `base`

    def text(self, base: str, path: str) -> str:
        """The text of a file that a definition names.

        Raises:
            LookupError: it could not be read; then there is a fault.
        """
        return self.included(base, path)[1]

    def included(self, base: str, path: str) -> tuple[str, str]:
        """The path from the root, and the text, of a file that a prompt includes.

        Raises:
            LookupError: it could not be read; then there is a fault.
        """
        resolved = self._resolved(base, path)
        read = self.read_text(base, resolved)
        if isinstance(read, Fault) or read.faults:
            raise LookupError(f"{resolved} cannot be read")
        return resolved, read.content.decode()

    def json(self, base: str, path: str) -> Any:
        """The value of a JSON file that a definition names; numbers with a fraction are exact decimals.

        Raises:
            LookupError: it could not be read; then there is a fault.
        """
        value = self.read_json(base, self.included(base, path)[0])
        if isinstance(value, NotJson):
            raise LookupError(f"{path} is no JSON")
        return value

    def graph(self, base: str, path: str) -> tuple[str, Graph]:
        """The path from the root of a Graph that an agent names, and the Graph.

        Raises:
            LookupError: there is no such Graph; then there is a fault.
        """
        resolved = self._resolved(base, path)
        definition = self.definition_at(resolved)
        if not isinstance(definition, Graph):
            raise LookupError(f"no graph in {resolved}")
        return resolved, definition

    def _resolved(self, base: str, path: str) -> str:
        resolved = resolve(base, path)
        if isinstance(resolved, PathRefused):
            raise LookupError(f"{path} {resolved.reason}")
        return resolved

    # ---- bytes, for linking; a path is from the root of the repository, or of the libraries for a base of theirs

    def content(self, base: str, path: str, limit: int = MAX_BYTES) -> bytes | Fault:
        """The bytes of a file, or why there are none."""
        of_library = base.startswith(LIBRARY_PREFIX)
        if not of_library:
            self._trail.note("file", path)
        return self._shelf.content(path, limit, of_library=of_library)

    def read_text(self, base: str, path: str) -> ReadText | Fault:
        """The text of a file and what hides in it, or why it has none."""
        content = self.content(base, path)
        if isinstance(content, Fault):
            return content
        return self._texts.get((base.startswith(LIBRARY_PREFIX), path), lambda: read_text(path, content))

    def read_json(self, base: str, path: str) -> Any:
        """The value of a JSON file whose text is good, or a `NotJson`."""
        read = self.read_text(base, path)
        if isinstance(read, Fault):
            raise LookupError(f"{path} cannot be read")
        return self._values.get(
            (base.startswith(LIBRARY_PREFIX), path), lambda: json_value(read.content.decode())
        )

    def has(self, base: str, path: str) -> bool:
        """Whether there is a file at a path."""
        of_library = base.startswith(LIBRARY_PREFIX)
        if not of_library:
            self._trail.note("file", path)
        return path in (self._shelf.library if of_library else self._shelf.tree)

    def names_in(self, base: str, folder: str) -> list[str]:
        """The names of the files, and of the folders, right in a folder."""
        of_library = base.startswith(LIBRARY_PREFIX)
        if not of_library:
            self._trail.note("folder", folder)
        return (self._shelf.library if of_library else self._shelf.tree).names_in(folder)

    def _note_file(self, path: str) -> None:
        if not path.startswith(LIBRARY_PREFIX):
            self._trail.note("file", path)

    # ---- what several units are judged by, worked out once

    def once(self, make: Callable[[Portfolio], V]) -> V:
        """What a function makes of the portfolio, made at the first question; its lookups are noted at each."""
        if make not in self._made:
            with self._trail.followed() as lookups:
                made = make(self)
            self._made[make] = made, frozenset(lookups)
        made, noted = self._made[make]
        self._trail.note_all(noted)
        return cast("V", made)

    # ---- all of it, for what is built from it

    @property
    def tree(self) -> Tree:
        """The files of the repository."""
        self._refuse_on_a_trail("the tree")
        return self._shelf.tree

    @property
    def library(self) -> Tree:
        """The files of the libraries."""
        self._refuse_on_a_trail("the library")
        return self._shelf.library

    @property
    def paths(self) -> tuple[str, ...]:
        """The definition files, those of the libraries included, sorted."""
        self._refuse_on_a_trail("the list of all files")
        return tuple(sorted(self._index.facts))

    @property
    def symbols(self) -> Mapping[tuple[str, str], Symbol]:
        """All definitions by kind and id."""
        self._refuse_on_a_trail("the table of all definitions")
        return self._index.symbols

    @property
    def faults(self) -> Mapping[str, tuple[Fault, ...]]:
        """What parsing and linking found in all files, by kind."""
        self._refuse_on_a_trail("the faults of all files")
        found: dict[str, tuple[Fault, ...]] = {}
        for path in self.paths:
            for kind, faults in self.linked(path).faults.items():
                found[kind] = (*found.get(kind, ()), *faults)
        return found

    def _refuse_on_a_trail(self, what: str) -> None:
        # INVARIANT: what a unit is judged by is noted, lookup by lookup; these answers would hang on every file.
        if self._trail.is_followed:
            raise RuntimeError(f"{what} was asked for while a unit is judged")


__all__ = ["NAMED_KINDS", "Asked", "Linked", "Portfolio", "Symbol", "Use"]
