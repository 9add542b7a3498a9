"""Evaluating a template: all of it but its slots, within caps, with every fault of one reading."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from remit.definitions.state import KNOWN_TO_PROMPTS
from remit.prompt.expressions import (
    EXPRESSIONS,
    Broken,
    Scope,
    inward,
    now,
    start_of,
    unusable,
    value_of,
    without,
)
from remit.prompt.filters import FILTERS
from remit.prompt.plain import OPENERS, Read
from remit.prompt.refusal import (
    MAX_CHARACTERS,
    MAX_INCLUDES,
    MAX_SLOTS,
    Exhausted,
    Meter,
    NotYet,
    Refused,
)
from remit.prompt.segments import Place, Prompt, PromptFault, Segment, Template, Words, joined
from remit.prompt.tree import Tree, tree_of, with_line_feeds
from remit.prompt.values import Value, is_list, kind_of, text_of

if TYPE_CHECKING:
    from jinja2 import nodes

MAX_FAULTS = 50
STEPS_PER_INCLUDE = 50
"""A file has to be found, which is much more work than a statement."""
STATEMENTS = frozenset(("Assign", "For", "If", "Include", "Output", "Template"))


@dataclass
class _Evaluation:
    """One evaluation: what it has found, and what its includes share.

    `way` leads to the file that is evaluated: the places of the includes, each with the file that it names.
    """

    read: Read
    meter: Meter
    segments: list[Segment] = field(default_factory=list[Segment])
    faults: list[PromptFault] = field(default_factory=list[PromptFault])
    trees: dict[str, Tree | None] = field(default_factory=dict[str, "Tree | None"])
    way: list[tuple[Place, str]] = field(default_factory=list[tuple[Place, str]])
    characters: int = 0
    slots: int = 0


def evaluated(
    template: Template,
    names: Mapping[str, Value],
    roots: Collection[str] | None,
    read: Read,
    meter: Meter | None = None,
) -> Prompt:
    """The segments of a template, or its first `MAX_FAULTS` faults, sorted by place.

    `names` have their values now; `roots` begin slots (None: every other name may); `meter` is paid for the work.
    Nothing but `read` is asked for anything, and whatever the template holds, this ends within its caps.
    """
    work = _Evaluation(read, meter or Meter())
    place = Place(template.file, 1, 1)
    try:
        tree = tree_of(template)
        if isinstance(tree, PromptFault):
            return Prompt((), (tree,))
        work.faults.extend(_unusable_parts(template))
        _body(tree.root.body, Scope(tree, work.meter, roots, (dict(names), {})), work, 0)
    except Exhausted as exhausted:
        if exhausted.args:
            work.faults.append(PromptFault(str(exhausted), place))
    except RecursionError:
        work.faults.append(PromptFault("the template is nested too deeply", place))
    faults = sorted(dict.fromkeys(work.faults), key=lambda fault: (fault.place, fault.message))
    return Prompt(joined(work.segments), tuple(faults[:MAX_FAULTS]))


@lru_cache(maxsize=16)
def _unusable_parts(template: Template) -> tuple[PromptFault, ...]:
    """What prompts cannot use, in branches too that are not taken now; of an expression the outermost part.

    A few are remembered, as one is evaluated for state after state.
    """
    tree = tree_of(template)
    found = () if isinstance(tree, PromptFault) else dict.fromkeys(_parts_refused(tree))
    return tuple(sorted(found, key=lambda fault: fault.place)[:MAX_FAULTS])


def _parts_refused(tree: Tree) -> Iterator[PromptFault]:
    from jinja2 import nodes

    waiting: list[nodes.Node] = [tree.root]
    while waiting:
        node = waiting.pop()
        refused = _refused(node)
        if refused is not None:
            yield from _fault(refused, tree)
        if refused is None or isinstance(node, nodes.Filter):
            waiting.extend(node.iter_child_nodes())


def _refused(node: nodes.Node) -> Refused | None:
    """Why a prompt cannot use a construct, whatever its parts are."""
    from jinja2 import nodes

    kind = type(node).__name__
    if kind not in STATEMENTS and kind not in EXPRESSIONS:
        return unusable(node)
    match node:
        case nodes.Filter(name=name) if name not in FILTERS:
            return without(name, node)
        case nodes.Filter():
            words = (pair.value for pair in node.kwargs if str(pair.key) == "attribute")
            return next(filter(None, (inward(_constant(word), node) for word in words)), None)
        case nodes.Getattr():
            return inward(node.attr, node)
        case nodes.Getitem():
            return inward(_constant(node.arg), node)
        case _:
            return None


def _constant(node: nodes.Node) -> object:
    from jinja2 import nodes

    return node.value if isinstance(node, nodes.Const) else None


def _fault(refused: Refused, tree: Tree) -> Iterator[PromptFault]:
    if refused.message is not None:
        yield PromptFault(refused.message, tree.place(refused.offset), refused.kind)


def _body(body: list[nodes.Node], scope: Scope, work: _Evaluation, depth: int) -> None:
    for node in body:
        try:
            _statement(node, scope, work, depth)
        except Refused as refused:
            _tell(refused, scope, work)


def _tell(refused: Refused, scope: Scope, work: _Evaluation) -> None:
    work.faults.extend(_fault(refused, scope.tree))
    if len(work.faults) >= 2 * MAX_FAULTS + len(work.trees) * MAX_FAULTS:
        raise Exhausted  # what is wrong by its form alone was found before, of each file as much as is told


def _statement(node: nodes.Node, scope: Scope, work: _Evaluation, depth: int) -> None:
    from jinja2 import nodes

    work.meter.pay()
    match node:
        case nodes.Output():
            _output(node, scope, work)
        case nodes.If():
            _if(node, scope, work, depth)
        case nodes.For():
            _for(node, scope, work, depth)
        case nodes.Assign():
            _set(node, scope)
        case nodes.Include():
            _include(node, scope, work, depth)
        case _:
            raise unusable(node)


def _output(node: nodes.Output, scope: Scope, work: _Evaluation) -> None:
    from jinja2 import nodes

    for part in node.nodes:
        if isinstance(part, nodes.TemplateData):
            _add(Words(part.data), work)
            continue
        try:
            value = value_of(part, scope)
            scope.meter.whole(value)
            _add(Words(text_of(value)), work)
        except NotYet as slot:
            _add(slot.slot, work)
        except Refused as refused:
            _tell(refused, scope, work)


def _add(segment: Segment, work: _Evaluation) -> None:
    """Adds a segment, if the prompt may have it still."""
    if isinstance(segment, Words):
        work.meter.text(len(segment.text))
        work.characters += len(segment.text)
        if work.characters > MAX_CHARACTERS:
            raise Exhausted(f"the prompt has more than {MAX_CHARACTERS} characters")
    else:
        work.slots += 1
        if work.slots > MAX_SLOTS:
            raise Exhausted(f"the prompt has more than {MAX_SLOTS} slots")
    work.segments.append(segment)


def _if(node: nodes.If, scope: Scope, work: _Evaluation, depth: int) -> None:
    for branch in (node, *node.elif_):
        if now(branch.test, scope, "nothing can depend on it"):
            _body(branch.body, scope, work, depth)
            return
    _body(node.else_, scope, work, depth)


def _for(node: nodes.For, scope: Scope, work: _Evaluation, depth: int) -> None:
    from jinja2 import nodes

    if node.recursive:
        raise Refused("a prompt cannot use `recursive`", node.lineno)
    if not isinstance(node.target, nodes.Name):
        raise Refused("a `for` has one name", start_of(node.target))
    name = _settable(node.target, scope)
    items = now(node.iter, scope, "nothing can be repeated for it")
    if not is_list(items):
        raise Refused(f"a `for` repeats for the items of a list, not {kind_of(items)}", start_of(node.iter))
    taken: list[Value] = []
    for item in items:
        inside = replace(scope, frames=(*scope.frames, {name: item}))
        if node.test is None or now(node.test, inside, "nothing can depend on it"):
            taken.append(item)
    for at, item in enumerate(taken):
        loop = {
            "index": at + 1,
            "index0": at,
            "first": at == 0,
            "last": at == len(taken) - 1,
            "length": len(taken),
        }
        work.meter.pay(len(scope.frames))
        _body(node.body, replace(scope, frames=(*scope.frames, {name: item, "loop": loop})), work, depth)
    if not taken:
        _body(node.else_, scope, work, depth)


def _set(node: nodes.Assign, scope: Scope) -> None:
    from jinja2 import nodes

    if not isinstance(node.target, nodes.Name):
        raise Refused("a `set` has one name", start_of(node.target))
    name = _settable(node.target, scope)
    try:
        scope.frames[-1][name] = now(node.node, scope, NOT_A_CONSTANT)
    except Refused:
        scope.frames[-1][name] = Broken()
        raise


NOT_A_CONSTANT = "no name can stand for it"


def _settable(target: nodes.Name, scope: Scope) -> str:
    is_slot = target.name == "task" or (scope.roots is not None and target.name in scope.roots)
    if is_slot or target.name in KNOWN_TO_PROMPTS:
        raise Refused(f"`{target.name}` cannot be set", target.lineno)
    return target.name


def _include(node: nodes.Include, scope: Scope, work: _Evaluation, depth: int) -> None:
    from jinja2 import nodes

    if not isinstance(node.template, nodes.Const) or not isinstance(node.template.value, str):
        raise Refused("an include names its file in quotes", start_of(node.template))
    if node.ignore_missing or not node.with_context:
        raise Refused("an include has nothing behind its file", start_of(node.template))
    if depth >= MAX_INCLUDES:
        raise Refused(f"files include each other more than {MAX_INCLUDES} deep", start_of(node.template))
    work.meter.pay(STEPS_PER_INCLUDE)
    written = node.template.value
    place = scope.tree.place(start_of(node.template), len(written) + 2)
    template = work.read(scope.tree.template.base, written, place)
    if template is not None and not any(opener in template.text for opener in OPENERS):
        _add(Words(with_line_feeds(template.text)), work)
        return
    if template is None or _goes_round(work, place, template.file):
        return
    tree = _included(template, work)
    if tree is not None:
        work.way.append((place, template.file))
        _body(tree.root.body, replace(scope, tree=tree, frames=(*scope.frames, {})), work, depth + 1)
        work.way.pop()


def _goes_round(work: _Evaluation, place: Place, file: str) -> bool:
    """Whether an include leads to a file that it stands in, through others too; then that is told.

    A circle is told at the include of its first file by name, whichever of its files a prompt begins with.
    """
    hops = [*work.way, (place, file)]
    start = next((at for at, hop in enumerate(hops) if hop[0].file == file), None)
    if start is None:
        return False
    circle = hops[start:]
    first = min(range(len(circle)), key=lambda at: circle[at][0].file)
    circle = [*circle[first:], *circle[:first]]
    way = tuple(hop[0] for hop in circle)
    names = " -> ".join((way[0].file, *(hop[1] for hop in circle)))
    work.faults.append(PromptFault(names, way[0], "import-cycle", way))
    return True


def _included(template: Template, work: _Evaluation) -> Tree | None:
    """The tree of an included file, made once; None where it is none, which is told once."""
    work.meter.text(len(template.text))
    if template.file not in work.trees:
        tree = tree_of(template)
        if isinstance(tree, PromptFault):
            work.faults.append(tree)
        else:
            work.faults.extend(_unusable_parts(template))
        work.trees[template.file] = tree if isinstance(tree, Tree) else None
    return work.trees[template.file]
