"""What every state of an agent gives: the schema of what a reference to it stands for (docs/types.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from remit.definitions import Agent, McpServer, Tool
from remit.definitions.reference import Reference, pieces
from remit.definitions.shape import ObjectType, ShapeFile, shape_schema
from remit.definitions.state import ParallelState
from remit.definitions.work import (
    ApprovalWork,
    CheckWork,
    ContextWork,
    HandoffWork,
    MemoryWork,
    ModelWork,
    ToolWork,
)
from remit.flow.kinds import is_list, is_object
from remit.flow.reading import ANYTHING, UNKNOWN, Document, Graft, Home, Reading, declared, reading, step
from remit.flow.states import Flow, FlowState
from remit.link import Portfolio
from remit.read import Path

TASK = "task"
MAX_DEPTH = 8
"""States that pass on what other states gave, one after the other."""

_APPROVAL = {
    "type": "object",
    "additionalProperties": False,
    "required": ["outcome", "by"],
    "properties": {
        "outcome": {"enum": ["approved", "denied", "expired"]},
        "by": {"type": "array", "items": {"type": "string"}},
    },
}
_PACKET = {
    "type": "object",
    "additionalProperties": False,
    "required": ["packet", "tokens", "sources", "excluded"],
    "properties": {
        "packet": {"type": "string"},
        "tokens": {"type": "integer"},
        "sources": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "type", "trust", "tokens", "digest"],
                "properties": {
                    "id": {"type": "string"},
                    "type": {"enum": ["file", "task", "tool"]},
                    "trust": {"enum": ["trusted", "untrusted"]},
                    "tokens": {"type": "integer"},
                    "digest": {"type": "string"},
                },
            },
        },
        "excluded": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "code"],
                "properties": {"id": {"type": "string"}, "code": {"type": "string"}},
            },
        },
    },
}
"""The summary of a packet (docs/context.md, "The record")."""
_WITHOUT_OUTPUT = frozenset({"denied", "error", "exhausted", "failed", "expired"})
"""Outcomes with which some states give nothing."""


# ---- schemas that definitions name


def of_shape(portfolio: Portfolio, path: str, at: Path, shape: ShapeFile | ObjectType) -> Document | None:
    """The schema of a shape at a place of a definition; None where its file could not be read."""
    if isinstance(shape, ObjectType):
        return Document(shape_schema(shape), Home(path, at, is_shape=True))
    return _of_file(portfolio, path, shape.path)


def of_schema(portfolio: Portfolio, path: str, at: Path, schema: str | Mapping[str, Any]) -> Document | None:
    """The JSON Schema that stands inline at a place of a definition, or in the file that it names."""
    if isinstance(schema, str):
        return _of_file(portfolio, path, schema)
    return Document(schema, Home(path, at))


def _of_file(portfolio: Portfolio, path: str, file: str) -> Document | None:
    try:
        return Document(portfolio.json(path, file), Home(path, (), file))
    except LookupError:
        return None


def of_task(portfolio: Portfolio, path: str, agent: Agent, task: str) -> Document | None:
    """The schema of the input of a task of the agent at a path."""
    return of_shape(portfolio, path, ("spec", "tasks", task), agent.spec.tasks[task])


def of_output(portfolio: Portfolio, path: str, agent: Agent) -> Document | None:
    """The schema of the output of the agent at a path."""
    return of_shape(portfolio, path, ("spec", "output"), agent.spec.output)


def of_tool(portfolio: Portfolio, tool: str, part: str) -> Document | None:
    """The schema of the `input` or the `output` of a tool; None where there is no such tool or schema."""
    found = portfolio.find(Tool, tool)
    if found is None:
        return None
    schema = found.spec.input if part == "input" else found.spec.output
    return of_schema(portfolio, portfolio.path_of(found), ("spec", part), schema)


def defaulted(document: Document) -> frozenset[str]:
    """The fields at the top of a schema that are filled in where they are left out."""
    properties: Any = document.schema.get("properties") if is_object(document.schema) else None
    if not is_object(properties):
        return frozenset()
    return frozenset(name for name, one in properties.items() if is_object(one) and "default" in one)


# ---- what states give


@dataclass(frozen=True)
class Types:
    """What references of one agent stand for; what it has found of a root it keeps."""

    flow: Flow
    _kept: dict[str, Reading] = field(default_factory=dict[str, Reading], repr=False)
    _documents: dict[str, tuple[Document, ...]] = field(
        default_factory=dict[str, tuple[Document, ...]], repr=False
    )

    def of(self, reference: Reference) -> Reading:
        """What stands where a reference leads; unknown where its root is none."""
        found = self.root(reference.root)
        for one in reference.steps:
            found = step(found, one)
        return found

    def root(self, name: str, depth: int = MAX_DEPTH) -> Reading:
        """What `task`, or a state, gives."""
        if name not in self._kept:
            self._kept[name] = (
                UNKNOWN  # until it is known: states may pass each other's values on in a circle
            )
            self._kept[name] = self._root(name, depth)
        return self._kept[name]

    def value(self, binding: Any, depth: int = MAX_DEPTH) -> Reading:
        """What a binding gives: a constant, what its references stand for, or text around them."""
        return reading(Document(self._schema(binding, depth)))

    def plain(self, reference: Reference) -> Mapping[str, Any] | None:
        """The schema to which plain `properties` lead from some document of the root: something may be there.

        None where they do not, which says nothing. It is the quick answer, and the right one nearly always.
        """
        for document in self.documents(reference.root):
            found = declared(document.schema, reference.steps)
            if found is not None:
                return found
        return None

    def documents(self, root: str) -> tuple[Document, ...]:
        """The schemas that `task`, or a state, gives a value of one of; none where that is not written anywhere."""
        if root not in self._documents:
            self._documents[root] = self._documents_of(root)
        return self._documents[root]

    def _documents_of(self, root: str) -> tuple[Document, ...]:
        unit, agent = self.flow.unit, self.flow.agent
        if root == TASK:
            found = [of_task(unit.portfolio, unit.path, agent, task) for task in agent.spec.tasks]
            return tuple(one for one in found if one is not None) if None not in found else ()
        state = self.flow.states.get(root)
        one = None if state is None else self._document(state)
        return () if one is None else (one,)

    def _document(self, state: FlowState) -> Document | None:
        portfolio = self.flow.unit.portfolio
        match state.work:
            case ToolWork(tool=tool):
                return of_tool(portfolio, tool, "output")
            case ModelWork(decides=shape) if shape is not None:
                return of_shape(portfolio, state.path, (*state.at, "decides"), shape)
            case ModelWork():
                return of_output(portfolio, self.flow.unit.path, self.flow.agent)
            case HandoffWork(agent=name):
                child = portfolio.find(Agent, name)
                return None if child is None else of_output(portfolio, portfolio.path_of(child), child)
            case ApprovalWork():
                return Document(_APPROVAL)
            case ContextWork():
                return Document(_PACKET)
            case _:
                return None

    def _root(self, name: str, depth: int) -> Reading:
        if depth == 0:
            return UNKNOWN
        documents = self.documents(name)
        if len(documents) == 1:
            return _given(name, documents[0])
        if documents:
            return reading(Document({"anyOf": [Graft(_given(name, one)) for one in documents]}))
        work = self.flow.states[name].work if name in self.flow.states else None
        match work:
            case CheckWork():
                return self.value(work.values, depth - 1)
            case MemoryWork() if work.write is not None:
                return self.value(work.value, depth - 1)
            case ParallelState():
                return self._joined(work, depth - 1)
            case _:
                return UNKNOWN

    def _joined(self, work: ParallelState, depth: int) -> Reading:
        branches = {
            name: {"anyOf": list(self._branch(start, work.join, depth))}
            for name, start in work.branches.items()
        }
        return reading(Document(_object(branches)))

    def _branch(self, start: str, join: str, depth: int) -> Iterator[Any]:
        """The schemas of what a branch may end with: the outputs of the states that lead to its join."""
        states, last = self.flow.states, dict[str, None]()
        seen, waiting = {start: None}, [start]
        while waiting:
            name = waiting.pop()
            for edge in states[name].edges if name in states else ():
                if edge.target == join:
                    last[name] = None
                    if edge.outcome in _WITHOUT_OUTPUT:
                        # Then what the branch has last given stands, from whichever state of it.
                        last |= seen
                        yield {"type": "null"}
                elif edge.target is not None and edge.target not in seen:
                    seen[edge.target] = None
                    waiting.append(edge.target)
        yield from (Graft(self.root(name, depth)) for name in last)

    def _schema(self, binding: Any, depth: int) -> Any:
        if isinstance(binding, str):
            found = pieces(binding)
            if len(found) == 1 and isinstance(found[0], Reference):
                return Graft(self._referred(found[0], depth))
            texts = [one for one in found if isinstance(one, str)]
            return {"const": "".join(texts)} if len(texts) == len(found) else {"type": "string"}
        if is_object(binding):
            return _object({name: self._schema(one, depth) for name, one in binding.items()})
        if is_list(binding):
            items = [self._schema(one, depth) for one in binding]
            return {
                "type": "array",
                "prefixItems": items,
                "items": False,
                "minItems": len(items),
                "maxItems": len(items),
            }
        return {"const": binding}

    def _referred(self, reference: Reference, depth: int) -> Reading:
        found = self.root(reference.root, depth)
        for one in reference.steps:
            found = step(found, one)
        # A value that is never there is told where it is referred to; here nothing follows from it.
        return ANYTHING if found.presence == "never" else found


def _given(root: str, document: Document) -> Reading:
    """What a document describes; of a task with its defaults filled in."""
    filled = sorted(defaulted(document)) if root == TASK else []
    found = reading(document)
    if not filled:
        return found
    return reading(Document({"allOf": [Graft(found), {"required": filled}]}))


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(properties),
        "properties": dict(properties),
    }


def of_listed(portfolio: Portfolio, server: McpServer, tool: str) -> tuple[Document, int] | None:
    """The pinned definitions of a server, and which of them is a tool's; None where that cannot be read."""
    document = _of_file(portfolio, portfolio.path_of(server), server.spec.definitions)
    listed: Any = (
        document.schema.get("tools") if document is not None and is_object(document.schema) else None
    )
    if document is None or not is_list(listed):
        return None
    for index, one in enumerate(listed):
        if is_object(one) and one.get("name") == tool and is_object(one.get("inputSchema")):
            return document, index
    return None
