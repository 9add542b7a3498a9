"""What a run holds that a value can come from: the user's words, and every output as leaves with their trust.

It is made from what the journal holds and from nothing else. A child run's material holds its parent's, as it was
when the child began: a value that was handed on has the origin that it has there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from remit_runtime.bundle.graph import ArrayOf, Binding, Constant, ObjectOf, Reference, Text
from remit_runtime.bundle.tool import TrustedField
from remit_runtime.policy.normalise import folded, normal, spelled

Path = tuple[str, ...]
Trust = Literal["untrusted", "vouches", "directory", "minted", "keys"]

TASK = "task"
MAX_LEAVES = 50_000
"""Of one output. What lies beyond is not looked at, and so is trusted for nothing."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar of an output. `record` is the path of the innermost object that it stands in."""

    path: Path
    value: Any
    trust: Trust
    type: str

    @property
    def record(self) -> Path:
        """The path of the object around it."""
        end = len(self.path) - 1
        while end > 0 and self.path[end].isdigit():
            end -= 1
        return self.path[: max(end, 0)]


@dataclass(frozen=True, slots=True)
class Source:
    """One output: the call (or packet, question, child) that gave it, its value, and its leaves.

    `number` is that of the call in `call.N`; `made` says that the call had an effect, so that its ids are of things
    that this run has made. `loose` is all that others may have written, folded, to be searched; `listed` is the same
    of declared fields, `forms` are these by type and normal form, and `named` the keys of records by theirs.
    """

    name: str
    number: int | None
    state: str | None
    made: bool
    value: Any
    declared: tuple[Leaf, ...]
    untrusted: tuple[Leaf, ...]
    loose: str
    listed: str
    forms: Mapping[tuple[str, str], tuple[Leaf, ...]]
    named: Mapping[str, tuple[Leaf, ...]]

    def at(self, path: Path) -> Leaf | None:
        """The leaf at a path, with the trust of its field."""
        for leaf in (*self.declared, *self.untrusted):
            if leaf.path == path:
                return leaf
        return None


@dataclass(frozen=True)
class Material:
    """What a run's values can come from. `quoted` are fields of the input that are words of others.

    `bound` is the binding that a definition gave a child's input by, None where a model wrote it or nobody handed it
    on. `kept` only remembers what was looked up.
    """

    input: Any
    quoted: frozenset[str] = frozenset()
    sources: tuple[Source, ...] = ()
    parent: Material | None = None
    bound: Binding | None = None
    kept: dict[Any, Any] = field(default_factory=dict[Any, Any], compare=False, repr=False)

    def call(self, number: int) -> Source | None:
        """The N-th call of the run that has ended."""
        return next((one for one in self.sources if one.number == number), None)

    def of_state(self, state: str) -> Source | None:
        """The last output that a tool state has had, where that state is one."""
        return next((one for one in reversed(self.sources) if one.state == state and state), None)

    def words(self) -> tuple[tuple[Path, Any], ...]:
        """The leaves of the input that are the words of whoever asked."""
        if "words" not in self.kept:
            leaves = leaves_of(self.input)
            self.kept["words"] = tuple((path, value) for path, value in leaves if not self.is_quoted(path))
        found: tuple[tuple[Path, Any], ...] = self.kept["words"]
        return found

    def is_quoted(self, path: Path) -> bool:
        """Whether a field of the input holds words of others."""
        return any(".".join(path[:end]) in self.quoted for end in range(1, len(path) + 1))


def with_sources(material: Material, *sources: Source) -> Material:
    """The material with more outputs. What was looked up in the input stands; where values are is asked again."""
    kept = {key: value for key, value in material.kept.items() if key[0] != "origin"}
    return replace(material, sources=(*material.sources, *sources), kept=kept)


def leaves_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The scalars of a JSON value with their paths, in order; null is none. Depth is no matter."""
    waiting: list[tuple[Path, Any]] = [(path, value)]
    count = 0
    while waiting and count < MAX_LEAVES:
        at, one = waiting.pop()
        if isinstance(one, Mapping):
            fields: list[tuple[Path, Any]] = [((*at, str(key)), item) for key, item in one.items()]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] -- any JSON
            waiting.extend(reversed(fields))
        elif isinstance(one, (list, tuple)):
            items: list[tuple[Path, Any]] = [((*at, str(index)), item) for index, item in enumerate(one)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] -- any JSON
            waiting.extend(reversed(items))
        elif one is not None:
            count += 1
            yield at, one


def source_of(
    name: str,
    value: Any,
    fields: tuple[TrustedField, ...] = (),
    *,
    number: int | None = None,
    state: str | None = None,
    made: bool = False,
) -> Source:
    """An output as leaves, each with the trust that its tool declares for its field."""
    trusted = {field.path: field for field in fields}
    declared: list[Leaf] = []
    untrusted: list[Leaf] = []
    for path, one in leaves_of(value):
        known = trusted.get(".".join(path)) or trusted.get(
            ".".join(step for step in path if not step.isdigit())
        )
        if known is None:
            untrusted.append(Leaf(path, one, "untrusted", ""))
        else:
            declared.append(Leaf(path, one, known.trust, known.type))
    listed = {leaf.record for leaf in declared if leaf.trust == "directory"}
    # A title is written by others too; that of a directory's own record says nothing about it.
    titles = [leaf for leaf in declared if leaf.trust == "keys" and leaf.record not in listed]
    loose = "\n".join(spelled(leaf.value) for leaf in (*untrusted, *titles))
    forms: dict[tuple[str, str], tuple[Leaf, ...]] = {}
    named: dict[str, tuple[Leaf, ...]] = {}
    for leaf in declared:
        key = (leaf.type, normal(leaf.value, leaf.type))
        forms[key] = (*forms.get(key, ()), leaf)
        if leaf.trust == "keys":
            form = normal(leaf.value, "text")
            named[form] = (*named.get(form, ()), leaf)
    return Source(
        name=name,
        number=number,
        state=state,
        made=made,
        value=value,
        declared=tuple(declared),
        untrusted=tuple(untrusted),
        loose=folded(loose),
        listed=folded("\n".join(spelled(leaf.value) for leaf in declared)),
        forms=forms,
        named=named,
    )


def value_at(value: Any, path: Path) -> tuple[bool, Any]:
    """Whether a path leads anywhere in a JSON value, and where."""
    for step in path:
        if isinstance(value, Mapping) and step in value:
            value = value[step]  # pyright: ignore[reportUnknownVariableType] -- any JSON
        elif isinstance(value, (list, tuple)) and step.isascii() and step.isdigit() and len(step) < 10:
            items: list[Any] = [*value]  # pyright: ignore[reportUnknownArgumentType] -- any JSON
            if int(step) >= len(items):
                return False, None
            value = items[int(step)]
        else:
            return False, None
    return True, value  # pyright: ignore[reportUnknownVariableType] -- any JSON


def bound_at(binding: Binding | None, path: Path) -> tuple[Constant | Reference | Text | None, Path]:
    """What a definition binds a place by, and the steps from there on, where it is bound by a whole object."""
    while path:
        step, *rest = path
        if isinstance(binding, ObjectOf):
            binding = next((item for name, item in binding.fields if name == step), None)
        elif isinstance(binding, ArrayOf):
            binding = binding.items[int(step)] if step.isdigit() and int(step) < len(binding.items) else None
        else:
            break
        path = tuple(rest)
    return (binding if isinstance(binding, (Constant, Reference, Text)) else None), path
