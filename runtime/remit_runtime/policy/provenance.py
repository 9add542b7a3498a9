"""Where each value of a call's arguments comes from, and whether who said it may say so (docs/provenance.md).

Pure: it looks at what the run has recorded and at nothing else, and raises for no JSON. A value is trusted only for a
reason that is found here; what is not found, and what is beyond a bound, is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from remit_runtime.bundle.graph import Binding, Constant, Reference, Text
from remit_runtime.bundle.tool import ToolIR
from remit_runtime.canonical import Digest, digest_of
from remit_runtime.policy.expressions import Evaluated, Place
from remit_runtime.policy.material import TASK, Leaf, Material, Path, Source, bound_at, leaves_of, value_at
from remit_runtime.policy.named import EMBEDDED, embedded_in
from remit_runtime.policy.normalise import OBJECT_ID, is_plain, normal, spelled, words_of
from remit_runtime.policy.records import names_one, stands_for
from remit_runtime.policy.request import Provenance
from remit_runtime.policy.searched import holding, mentioned
from remit_runtime.policy.words import said, says

Role = Literal["target", "value", "detail", "content", "undeclared"]
Kind = Literal[
    "constant", "task", "authoritative", "anchored", "directory", "derived", "untrusted_copy", "unknown"
]

UNDECLARED: Literal["undeclared"] = "undeclared"
AUDIENCES = frozenset({"email", "user", "channel", "iban"})
"""The types for which a directory may speak: whom one addresses or pays, never what is changed."""

MAX_VALUES = 1_000
"""Of one call. What a call holds beyond has no origin."""

MAX_OPERANDS_KEPT = 50


@dataclass(frozen=True, slots=True)
class Found:
    """Where a value was found: its origin, whether that is trusted, the source and the field there."""

    origin: Kind
    trusted: bool
    source: str | None = None
    field: str | None = None
    expression: str | None = None
    operands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of one value of a call. `argument` is the top-level argument it stands in, `path` its dotted path."""

    argument: str
    path: str
    role: Role
    type: str
    digest: Digest
    found: Found

    @property
    def lacks(self) -> bool:
        """Whether the value needs a trusted origin and has none."""
        needs = self.role in ("target", "value", "undeclared") or (
            self.role == "content" and self.type in EMBEDDED
        )
        return needs and not self.found.trusted


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as it was written: what a definition binds it by, what was evaluated in it, what its schema fixes.

    `fixed` are the only or default values of top-level arguments, `names` the properties that the schema knows: a key
    that a model makes up is a value too.
    """

    tool: ToolIR
    arguments: Mapping[str, Any]
    binding: Binding | None = None
    expressions: Mapping[Path, Evaluated] = field(default_factory=dict[Path, Evaluated])
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    names: frozenset[str] = frozenset()


UNKNOWN = Found("unknown", trusted=False)
CONSTANT = Found("constant", trusted=True)


def origins_of(material: Material, asked: Asked) -> tuple[Origin, ...]:
    """The origin of every value of a call, in the order of its arguments.

    Of a tool that only reads the arguments without a role are left out; for any other they lack an origin.
    """
    roles = {argument.name: argument for argument in asked.tool.arguments}
    origins: list[Origin] = []
    for name, value in sorted(asked.arguments.items()):
        declared = roles.get(name)
        if declared is None:
            if asked.tool.effect != "read" and value is not None:
                origins.append(_origin((name,), UNDECLARED, UNDECLARED, value, UNKNOWN))
        elif declared.role == "content":
            origins += _content(material, asked, name, value)
        else:
            origins += _plain(material, asked, name, declared.role, declared.type, value)
        if len(origins) > MAX_VALUES:
            return (*origins[:MAX_VALUES], _origin((name,), UNDECLARED, UNDECLARED, "", UNKNOWN))
    return tuple(origins)


def provenance_of(origins: tuple[Origin, ...]) -> Provenance:
    """What policies see: whether nothing lacks an origin, and the arguments and types of what does."""
    lacking = [origin for origin in origins if origin.lacks]
    return Provenance(
        not lacking,
        frozenset(origin.argument for origin in lacking),
        frozenset(origin.type for origin in lacking),
    )


def _plain(
    material: Material, asked: Asked, name: str, role: Role, kind: str, value: Any
) -> Iterator[Origin]:
    for count, (path, one) in enumerate(_values(asked, (name,), value)):
        if count > MAX_VALUES:
            return
        found = _found(material, asked, path, one, kind)
        yield _origin(path, role, kind, one, _for_the_act(material, asked.tool, role, found))


def _content(material: Material, asked: Asked, name: str, value: Any) -> Iterator[Origin]:
    """A body as a whole, which is free, and each address, link and account in it, which is not."""
    for count, (path, one) in enumerate(leaves_of(value, (name,))):
        if count > MAX_VALUES:
            return
        yield _origin(path, "content", "text", one, _found(material, asked, path, one, "text"))
        if not isinstance(one, str):
            continue
        node, _ = bound_at(asked.binding, path)
        for kind, spelling in embedded_in(one):
            found = _in_constants(node, kind, spelling) or _by_value(material, spelling, kind, name)
            yield _origin(path, "content", kind, spelling, found)


def _values(asked: Asked, path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """The values of an argument: its scalars, and every key of an object that its schema does not know."""
    waiting: list[tuple[Path, Any]] = [(path, value)]
    while waiting:
        at, one = waiting.pop()
        if isinstance(one, Mapping):
            fields: Mapping[str, Any] = one  # pyright: ignore[reportUnknownVariableType] -- any JSON
            yield from (((*at, key), key) for key in fields if key not in asked.names)
            waiting.extend(((*at, key), item) for key, item in reversed(list(fields.items())))
        elif isinstance(one, (list, tuple)):
            items: list[Any] = [*one]  # pyright: ignore[reportUnknownArgumentType] -- any JSON
            waiting.extend(((*at, str(index)), items[index]) for index in reversed(range(len(items))))
        elif one is not None:
            yield at, one


def _for_the_act(material: Material, tool: ToolIR, role: Role, found: Found) -> Found:
    """The same for a destructive tool: only what a definition binds, or the user's own word with the act beside it."""
    if not tool.destructive or role not in ("target", "value") or not found.trusted:
        return found
    if found.origin == "constant" or (found.origin == "task" and _is_asked_for(material, tool)):
        return found
    return replace(found, trusted=False)


def _is_asked_for(material: Material, tool: ToolIR) -> bool:
    """Whether the user's words hold the tool's verb: a word of the last part of its id or capability."""
    while material.parent is not None:
        material = material.parent
    nouns = {word for one in tool.arguments for word in (*words_of(one.name), *words_of(one.type))}
    last = {part for name in (tool.id, tool.capability) for part in words_of(name.rpartition(".")[2])}
    verbs = last - nouns
    spoken = [word for _, value in material.words() for word in normal(value, "text").split()]
    return any(word.startswith(verb) for verb in verbs for word in spoken)


def _found(material: Material, asked: Asked, path: Path, value: Any, kind: str) -> Found:
    for end in range(len(path), 0, -1):
        expression = asked.expressions.get(path[:end])
        if expression is not None:
            return _of_expression(material, expression, path[end:], kind, path[0])
    node, rest = bound_at(asked.binding, path)
    if node is not None:
        return _of_binding(material, node, rest, value, kind, path[0])
    if len(path) == 1 and path[0] in asked.fixed and asked.fixed[path[0]] == value:
        return CONSTANT
    return _by_value(material, value, kind, path[0])


def _of_expression(material: Material, expression: Evaluated, rest: Path, kind: str, name: str) -> Found:
    if not expression.computed:
        [place] = expression.places
        found = _at_place(material, Place(place.call, (*place.path, *rest)), kind, name)
        return replace(found, expression=expression.text, operands=(place.text,))
    # Every operand is looked at as it was compared or added; a number of the model's own comes from nowhere.
    parts = [_compared(material, place, kind, name) for place in expression.compared]
    parts += [_at_place(material, place, kind, name) for place in expression.places]
    loose = next((part for part in parts if not part.trusted), None)
    texts = [*(place.text for place in (*expression.compared, *expression.places)), *expression.loose]
    if len(texts) > MAX_OPERANDS_KEPT:
        texts = [*texts[:MAX_OPERANDS_KEPT], f"and {len(texts) - MAX_OPERANDS_KEPT} more"]
    return Found(
        "derived",
        loose is None and not expression.loose,
        None if loose is None else loose.source,
        None if loose is None else loose.field,
        expression.text,
        tuple(texts),
    )


def _compared(material: Material, place: Place, kind: str, name: str) -> Found:
    """The origin of an operand that is only compared: a field that vouches for itself does so whatever its type."""
    source = None if place.call is None else material.call(place.call)
    leaf = None if source is None else source.at(place.path)
    if source is not None and leaf is not None and leaf.trust == "vouches":
        return Found("authoritative", trusted=True, source=source.name, field=".".join(leaf.path))
    return _at_place(material, place, kind, name)


def _at_place(material: Material, place: Place, kind: str, name: str) -> Found:
    if place.call is None:
        return _of_task(material, place.path, value_at(material.input, place.path)[1], kind, name)
    source = material.call(place.call)
    leaf = None if source is None else source.at(place.path)
    return UNKNOWN if source is None or leaf is None else _of_leaf(material, source, leaf, kind)


def _of_binding(
    material: Material, node: Constant | Reference | Text, rest: Path, value: Any, kind: str, name: str
) -> Found:
    match node:
        case Constant():
            return CONSTANT
        case Reference(root, steps) if root == TASK:
            return _of_task(material, (*steps, *rest), value, kind, name)
        case Reference(root, steps):
            source = material.of_state(root)
            if source is None:
                return _by_value(material, value, kind, name)
            leaf = source.at((*steps, *rest))
            return UNKNOWN if leaf is None else _of_leaf(material, source, leaf, kind)
        case Text(parts):
            return _of_text(material, parts, name)


def _of_text(material: Material, parts: tuple[Constant | Reference, ...], name: str) -> Found:
    """A text that a definition puts together: of the user's and its author's words, or not to be trusted."""
    found = [_of_binding(material, part, (), _value_of(material, part), "text", name) for part in parts]
    loose = next((one for one in found if not one.trusted), None)
    operands = tuple(".".join((part.root, *part.path)) for part in parts if isinstance(part, Reference))
    if loose is not None:
        return replace(loose, expression="text", operands=operands)
    return Found("derived", trusted=True, expression="text", operands=operands)


def _value_of(material: Material, part: Constant | Reference) -> Any:
    if isinstance(part, Constant):
        return part.json
    if part.root == TASK:
        return value_at(material.input, part.path)[1]
    source = material.of_state(part.root)
    leaf = None if source is None else source.at(part.path)
    return None if leaf is None else leaf.value


def _of_task(material: Material, path: Path, value: Any, kind: str, name: str) -> Found:
    """A field of the input that a binding or a reference names: nobody has to look for it in there."""
    here = ".".join(path) or None
    if material.is_quoted(path):
        return Found("untrusted_copy", trusted=False, source=TASK, field=here)
    if material.parent is None:
        return Found("task", trusted=True, source=TASK, field=here)
    return _handed(material, material.parent, path, value, kind, name)


def _handed(material: Material, parent: Material, path: Path, value: Any, kind: str, name: str) -> Found:
    """A field of a child's input, with the origin that it has in the parent."""
    node, rest = bound_at(material.bound, path)
    if node is not None:
        return _of_binding(parent, node, rest, value, kind, name)
    return _by_value(parent, value, kind, name)


def _of_leaf(material: Material, source: Source, leaf: Leaf, kind: str) -> Found:
    """A leaf that is named: trusted as its field is declared for this type, and for nothing else."""
    origin: Kind | None = None
    if leaf.type == kind:
        if leaf.trust == "vouches":
            origin = "authoritative"
        elif leaf.trust == "minted" and (source.made or names_one(material, source, leaf)):
            origin = "anchored"
        elif leaf.trust == "directory" and _may_address(material, source, leaf, kind):
            origin = "directory"
    return Found(origin or "untrusted_copy", origin is not None, source.name, ".".join(leaf.path) or None)


def _may_address(material: Material, source: Source, leaf: Leaf, kind: str) -> bool:
    """Whether a directory's entry may be used: the user names it, or no text that others wrote speaks of it."""
    if kind not in AUDIENCES or kind.startswith(OBJECT_ID):
        return False
    if names_one(material, source, leaf):
        return True
    keys = [one for one in source.declared if one.trust == "keys" and one.record == leaf.record]
    spoken_of = [(leaf.value, kind), *((key.value, "text") for key in keys)]
    return not any(mentioned(material, value, of) for value, of in spoken_of)


def _by_value(material: Material, value: Any, kind: str, name: str) -> Found:
    """The origin of a value that somebody wrote: the first place, in the order of trust, that holds it."""
    key = ("origin", type(value).__name__, spelled(value), kind, name)
    if key not in material.kept:
        material.kept[key] = _looked_up(material, value, kind, name)
    found: Found = material.kept[key]
    return found


def _looked_up(material: Material, value: Any, kind: str, name: str) -> Found:
    given = _given(material, value, kind, name)
    if given is not None and given.trusted:
        return given
    form = normal(value, kind)
    for source in material.sources:
        for leaf in source.forms.get((kind, form), ()):
            if is_plain(value) or leaf.value == value:
                found = _of_leaf(material, source, leaf, kind)
                if found.trusted:
                    return found
    if given is not None:
        return given
    holder = holding(material, value, kind)
    if holder is None:
        return UNKNOWN
    return Found("untrusted_copy", trusted=False, source=holder[0], field=holder[1])


def _given(material: Material, value: Any, kind: str, name: str) -> Found | None:
    """The origin of a value that stands in the input: the user's word, or whatever it was in the parent."""
    if material.parent is None:
        path = said(material, value, kind, name)
        return (
            None if path is None else Found("task", trusted=True, source=TASK, field=".".join(path) or None)
        )
    best: Found | None = None
    for path, leaf in material.words():
        if not says(material, path, leaf, value, kind, name):
            continue
        found = _handed_word(material, material.parent, path, leaf, value, kind, name)
        if found.trusted:
            return found
        best = best or found
    return best


def _handed_word(
    material: Material, parent: Material, path: Path, leaf: Any, value: Any, kind: str, name: str
) -> Found:
    node, _ = bound_at(material.bound, path)
    if isinstance(node, Constant):
        return CONSTANT
    if node is not None and stands_for(leaf, value, kind):
        return _handed(material, parent, path, value, kind, name)
    return _by_value(parent, value, kind, name)


def _in_constants(node: Constant | Reference | Text | None, kind: str, spelling: str) -> Found | None:
    """Whether the author of the definition has written an address that stands in a body."""
    parts = node.parts if isinstance(node, Text) else (node,)
    texts = [part.json for part in parts if isinstance(part, Constant)]
    wanted = normal(spelling, kind)
    said_so = any(
        of == kind and normal(one, kind) == wanted for text in texts for of, one in embedded_in(text)
    )
    return CONSTANT if said_so else None


def _origin(path: Path, role: Role, kind: str, value: Any, found: Found) -> Origin:
    form = normal(value, kind) if not isinstance(value, (dict, list)) else repr(type(value))  # pyright: ignore[reportUnknownArgumentType] -- any JSON
    digest = digest_of(form.encode("utf-8", "surrogatepass"))
    return Origin(path[0], ".".join(path), role, kind, digest, found)
