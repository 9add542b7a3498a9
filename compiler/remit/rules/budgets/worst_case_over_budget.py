"""BUD003."""

from collections.abc import Iterator, Mapping

from remit.definitions.work import HandoffWork, ModelWork, ToolWork
from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.spend import (
    UNITS,
    Counted,
    least_success,
    least_visits,
    may_recur,
    once_through,
    reservations,
)
from remit.flow.ways import notes_of
from remit.rule import Finding, rule
from remit.source import Span


@rule("worst-case-over-budget", "BUD003", since="0.4", severity="warning")
def worst_case_over_budget(flow: Flow) -> Iterator[Finding]:
    """A budget that ends runs before they can do what the states are for.

    ## Why

    A budget stops what goes wrong. One that the shortest way to a success exceeds stops every run; one that cannot
    pay a single question stops the first; and one that is used up before a state has had its `max_visits` ends the run
    as `budget_exhausted`, where its author has routed `exhausted`. docs/effects.md says what is counted.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Write a note in two passes.
      tasks: {notes: {}}
      instructions: {text: You write notes.}
      models: [dev]
      orchestration:
        chain: {steps: [{id: outline, prompt: {text: Outline it.}}, {id: write, prompt: {text: Write it.}}]}
      budget: {model_calls: 1}
      output: {note: string}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Write a note in two passes.
      tasks: {notes: {}}
      instructions: {text: You write notes.}
      models: [dev]
      orchestration:
        chain: {steps: [{id: outline, prompt: {text: Outline it.}}, {id: write, prompt: {text: Write it.}}]}
      budget: {model_calls: 4}
      output: {note: string}
    ```
    """
    if flow.start not in flow.states:
        return
    once = once_through(flow)
    yield from _without_success(flow, once)
    yield from _unpaid(flow)
    for name, state in flow.states.items():
        if name in flow.reached and isinstance(state.work, ModelWork | ToolWork):
            yield from _cut_short(flow, once, name, state.work.max_visits)
        elif name in flow.reached and isinstance(state.work, HandoffWork):
            yield from _starved(flow, name, state.work)


def _named(unit: str, amount: int) -> str:
    noun = unit.replace("_", " ").removesuffix("s")
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def _budget_span(flow: Flow, key: str) -> Span:
    return flow.unit.span(("spec", "budget", key))


def _without_success(flow: Flow, once: Mapping[str, int]) -> Iterator[Finding]:
    for unit in UNITS:
        limit: int = getattr(flow.agent.spec.budget, unit)
        least = None if once[unit] <= limit else least_success(flow, unit)
        if least is not None and least.amount > limit:
            goal = least.way[-1].edge.target if least.way else None
            yield Finding(
                _budget_span(flow, unit),
                f"`{flow.agent.metadata.id}` cannot succeed with {_named(unit, limit)}: "
                f"the shortest way takes {_named(unit, least.amount)}",
                notes_of(flow, least.way, goal or flow.start),
                f"give it {least.amount} or more, or make the way shorter",
            )


def _unpaid(flow: Flow) -> Iterator[Finding]:
    asks = [
        name for name in flow.states if name in flow.reached and isinstance(flow.states[name].work, ModelWork)
    ]
    if not asks:
        return
    limit, portfolio = flow.agent.spec.budget.microusd, flow.unit.portfolio
    for one in reservations(portfolio, flow.agent):
        if one.microusd > limit:
            tokens = (
                f"{one.input_tokens} tokens in and {one.output_tokens} out are set aside for each question"
            )
            yield Finding(
                _budget_span(flow, "usd"),
                f"`{one.model}` is never asked: a question to it sets aside {_dollars(one.microusd)}, "
                f"and the budget has {_dollars(limit)}",
                (Note(tokens), *flow.way(asks[0])),
                "raise `usd`, lower `context.max_input_tokens`, or take another model",
            )


def _dollars(microusd: int) -> str:
    whole, rest = divmod(microusd, 1_000_000)
    digits = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{digits} USD"


def _cut_short(flow: Flow, once: Mapping[str, int], name: str, visits: int | None) -> Iterator[Finding]:
    """A state that the budget never lets be visited as often as its `max_visits` says."""
    unit: Counted = "model_calls" if isinstance(flow.states[name].work, ModelWork) else "tool_calls"
    limit: int = getattr(flow.agent.spec.budget, unit)
    rounds = 1 if unit == "model_calls" else once[unit]
    if visits is None or visits * rounds + once[unit] <= limit:
        return
    if unit == "tool_calls" and name not in flow.once(may_recur):
        return
    least = least_visits(flow, unit, name, visits)
    if least is not None and least.amount > limit:
        note = Note(
            f"to visit it so often takes at least {_named(unit, least.amount)}", _budget_span(flow, unit)
        )
        yield Finding(
            flow.span_in(name, "max_visits"),
            f"`{name}` is never visited {visits} times: the budget of {_named(unit, limit)} ends the run before",
            (note, *notes_of(flow, least.way, name)),
            f"lower `max_visits`, or give the agent {least.amount} or more",
        )


def _starved(flow: Flow, name: str, work: HandoffWork) -> Iterator[Finding]:
    """A handoff whose budget no success of the child fits into."""
    child = None if work.budget is None else flow.below(work.agent)
    if child is None:
        return
    for unit in UNITS:
        limit: int | None = getattr(work.budget, unit)
        least = None if limit is None else least_success(child, unit)
        if least is not None and limit is not None and least.amount > limit:
            yield Finding(
                flow.span_in(name, "budget", unit),
                f"`{work.agent}` cannot succeed with {_named(unit, limit)}: "
                f"its shortest way takes {_named(unit, least.amount)}",
                flow.way(name),
                f"give it {least.amount} or more",
            )
