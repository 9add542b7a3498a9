"""The shelf: what was read and parsed, at hand for whoever asks next, and no more of it than memory is given to."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from remit.definitions.leaves import Leaf, leaves
from remit.diagnostic import Fault
from remit.git.tree import Tree
from remit.link.facts import Facts, facts_of
from remit.parse import LIBRARY_PREFIX, ParsedFile, parse
from remit.read import MAX_BYTES, nothing_read, read

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The last values that were asked for, as many as their weights allow; without a limit, all."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._weight = 0
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K, make: Callable[[], V], weigh: Callable[[V], int] = lambda _: 1) -> V:
        """The value of a key, made anew where it is not held."""
        held = self._held.get(key)
        if held is not None:
            if self._limit is not None:
                self._held.move_to_end(key)
            return held[0]
        value = make()
        if self._limit is None:
            self._held[key] = value, 0
            return value
        weight = weigh(value)
        self._held[key] = value, weight
        self._weight += weight
        while self._weight > self._limit and len(self._held) > 1:
            self._weight -= self._held.popitem(last=False)[1][1]
        return value


class Shelf:
    """The files of a tree and of the libraries, as bytes and as definitions.

    `given` are files that were parsed already; a tree is then not asked for them.
    """

    def __init__(
        self,
        tree: Tree,
        library: Tree,
        given: Mapping[str, ParsedFile] | None = None,
        *,
        files: int | None = None,
        content: int | None = None,
    ) -> None:
        self.tree = tree
        self.library = library
        self.parsed_count = 0
        self._given = given or {}
        self._parsed = Recent[str, ParsedFile](files)
        self._leaves = Recent[str, list[Leaf]](files)
        self._contents = Recent[tuple[bool, str, int], "bytes | Fault"](content)

    def parsed(self, path: str) -> ParsedFile:
        """The definition file at a path, of the repository or of a library."""
        given = self._given.get(path)
        return given if given is not None else self._parsed.get(path, lambda: self._parse(path))

    def leaves(self, path: str) -> list[Leaf]:
        """The marked fields of the definition in a file."""
        return self._leaves.get(path, lambda: self._mark(path))

    def facts(self, path: str) -> Facts:
        """What the definition file at a path says that others may look up."""
        return facts_of(self.parsed(path), self.leaves(path))

    def content(self, path: str, limit: int = MAX_BYTES, *, of_library: bool = False) -> bytes | Fault:
        """The bytes of a file, or why there are none."""
        tree = self.library if of_library else self.tree
        return self._contents.get((of_library, path, limit), lambda: tree.read(path, limit), _weight)

    def _parse(self, path: str) -> ParsedFile:
        tree = self.library if path.startswith(LIBRARY_PREFIX) else self.tree
        content = tree.read(path)
        self.parsed_count += tree is self.tree
        return parse(nothing_read(path, content) if isinstance(content, Fault) else read(path, content))

    def _mark(self, path: str) -> list[Leaf]:
        definition = self.parsed(path).definition
        return [] if definition is None else leaves(definition)


def _weight(content: bytes | Fault) -> int:
    return len(content) if isinstance(content, bytes) else 100
