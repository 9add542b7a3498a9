"""Where the states of an agent bind values: each with the schema that is held against it when the state is entered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from remit.definitions import Agent
from remit.definitions.state import EndState
from remit.definitions.work import CheckWork, HandoffWork, MemoryWork, ToolWork
from remit.diagnostic import Note
from remit.flow.bound import Unfit
from remit.flow.kinds import is_object
from remit.flow.places import span_of_option
from remit.flow.reading import Document, Option
from remit.flow.states import FORM, Flow, FlowState
from remit.flow.types import Types, of_output, of_shape, of_task, of_tool
from remit.link import Portfolio
from remit.read import Path
from remit.source import Span


class Target(NamedTuple):
    """A binding of a state and what is wanted of it, None where that is not known.

    `name` says what it is bound to and `part` what its fields are, in words; it stands under the `key` of the state.
    With `is_filled` its defaults are filled in first; with `is_told` the linker tells of fields that it does not know.
    """

    state: FlowState
    key: str
    binding: Any
    wanted: Document | None
    name: str
    part: str = "field"
    is_filled: bool = False
    is_told: bool = False

    def words(self, at: Path) -> str:
        """What a part of the binding is bound to."""
        return self.name if not at else f"{self.part} `{'.'.join(map(str, at))}` of {self.name}"


def targets(flow: Flow) -> Iterator[Target]:
    """What the states of an agent bind, but for the values of checks, which need not hold."""
    portfolio = flow.unit.portfolio
    for state in flow.states.values():
        match state.work:
            case ToolWork(tool=tool, args=args):
                yield _of_call(portfolio, state, tool, args)
            case HandoffWork():
                yield _of_handoff(portfolio, state, state.work)
            case EndState() if state.work.has_output:
                wanted = of_output(portfolio, flow.unit.path, flow.agent)
                name = f"the output of `{flow.agent.metadata.id}`"
                yield Target(state, "output", state.work.output, wanted, name)
            case MemoryWork() if state.work.write is not None:
                yield Target(state, "value", state.work.value, None, f"memory `{state.work.write}`")
            case _:
                pass


def checks(flow: Flow) -> Iterator[Target]:
    """The values that the checks of an agent hold against their schemas."""
    for state in flow.states.values():
        if isinstance(state.work, CheckWork):
            wanted = of_shape(flow.unit.portfolio, state.path, (*state.at, "schema"), state.work.shape)
            yield Target(state, "values", state.work.values, wanted, f"the check `{state.id}`", "value")


class Call(NamedTuple):
    """What a tool wants of its arguments; with `is_told` the linker tells of arguments that it does not know."""

    wanted: Document
    is_told: bool


def wanted_of_call(portfolio: Portfolio, tool: str) -> Call | None:
    """What a tool wants of its arguments; None where that cannot be read."""
    wanted = of_tool(portfolio, tool, "input")
    if wanted is None or not is_object(wanted.schema):
        return None
    if _is_closed(wanted) or not wanted.schema.keys().isdisjoint(
        ("patternProperties", "additionalProperties")
    ):
        return Call(wanted, _is_closed(wanted))
    # Arguments are closed by default, other objects are not.
    return Call(Document({**wanted.schema, "additionalProperties": False}, wanted.home), is_told=False)


def _of_call(portfolio: Portfolio, state: FlowState, tool: str, args: Any) -> Target:
    call = wanted_of_call(portfolio, tool)
    if call is None:
        return Target(state, "args", args, None, f"`{tool}`", "argument")
    return Target(
        state, "args", args, call.wanted, f"`{tool}`", "argument", is_filled=True, is_told=call.is_told
    )


def _of_handoff(portfolio: Portfolio, state: FlowState, work: HandoffWork) -> Target:
    child = portfolio.find(Agent, work.agent)
    task = (
        work.task if work.task is not None else min(child.spec.tasks, default="") if child is not None else ""
    )
    name = f"task `{task}` of `{work.agent}`"
    if child is None or task not in child.spec.tasks:
        return Target(state, "input", work.input, None, name)
    wanted = of_task(portfolio, portfolio.path_of(child), child, task)
    if wanted is None:
        return Target(state, "input", work.input, None, name)
    is_told = _is_closed(wanted)
    return Target(state, "input", work.input, wanted, name, is_filled=True, is_told=is_told)


def _is_closed(document: Document) -> bool:
    """Whether the linker knows all fields at the top of a schema, and tells of others (`remit.link.names`)."""
    schema = document.schema
    return (
        is_object(schema)
        and schema.get("additionalProperties") is False
        and "patternProperties" not in schema
    )


# ---- places


def place_of(flow: Flow, target: Target, unfit: Unfit) -> Span:
    """The smallest place that says what does not fit."""
    state = target.state
    portfolio = flow.unit.portfolio
    form = flow.agent.spec.orchestration
    if isinstance(state.work, EndState) and form.chain is not None:
        return portfolio.span(state.path, (*FORM, "chain", "steps", len(form.chain.steps) - 1, "decides"))
    if (
        form.function is not None
        and target.key == "output"
        and "output" not in form.function.model_fields_set
    ):
        return portfolio.span(state.path, (*FORM, "function", "tool"))
    if not unfit.at and not target.binding:
        return portfolio.span(state.path, (*state.at, _names(target)))
    at = (*state.at, target.key, *unfit.at)
    if unfit.is_key or (not unfit.at and is_object(target.binding)):
        return portfolio.span(state.path, at, "key")
    return portfolio.span(state.path, at)


def _names(target: Target) -> str:
    """The key of a state that names what it binds to, where it binds nothing."""
    return {"args": "tool", "input": "agent"}.get(target.key, target.key)


def both_ends(types: Types, unfit: Unfit) -> tuple[Note, ...]:
    """Where what is given is described, and where what is wanted is."""
    portfolio = types.flow.unit.portfolio
    notes: list[Note] = []
    if unfit.reference is not None:
        here = types.of(unfit.reference).options
        notes += _described(f"`{unfit.reference}` is described here", portfolio, here)
        if not notes and unfit.reference.root in types.flow.states:
            root = unfit.reference.root
            notes.append(Note(f"`{root}` is written here", types.flow.span(root)))
    notes += _described("what is wanted is described here", portfolio, unfit.wanted)
    return tuple(notes)


def _described(words: str, portfolio: Portfolio, options: Iterable[Option]) -> list[Note]:
    spans = dict.fromkeys(span_of_option(portfolio, option) for option in options)
    return [Note(words, span) for span in spans if span is not None][:3]
