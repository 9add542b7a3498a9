"""Effects that no approval comes before, or whose approval can be skipped, each with the shortest way that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from remit.definitions import Tool
from remit.definitions.work import ApprovalWork
from remit.flow.effects import ToolUse, admits, effects_granted, tool_uses
from remit.flow.standing import standing_of
from remit.flow.states import Flow
from remit.flow.ways import Exits, Hop, Way, every_exit, exits, is_approved, is_failure, shortest_way, without
from remit.graph import reachable, reversed_edges

HIGH = ("high", "critical")


class Exposure(NamedTuple):
    """An effect that a state reaches without the approval it should have.

    `needs_token` says that no approval state would do. `approval` is the state that is skipped, None where there is
    none, and `skipping` the hop that leads around it.
    """

    use: ToolUse
    tool: Tool
    way: Way
    needs_token: bool = False
    approval: str | None = None
    skipping: Hop | None = None


class _Ways(NamedTuple):
    """The edges without those that people approved, and without failures too; who guards which state."""

    unapproved: Exits
    unfailing: Exits
    guards: Mapping[str, str]
    asking: Mapping[str, frozenset[str]]


def exposures(flow: Flow) -> Iterator[Exposure]:
    """Every effect that is reached without the approval it should have, as docs/effects.md decides it."""
    agent = flow.agent
    effects = effects_granted(flow.unit.portfolio, agent)
    possible = {name: tool for name, tool in effects.items() if _is_possible(flow, tool)}
    if not possible or flow.start not in flow.states:
        return
    reached = reachable(flow.edges, [flow.start])
    uses = [use for use in tool_uses(flow) if use.tool in possible and use.state in reached]
    if not uses:
        return
    ways = _ways(flow, reached, frozenset(use.state for use in uses))
    skipped: set[str] = set()
    for use in uses:
        found = _exposure(flow, ways, use, possible[use.tool])
        if found is not None and (found.approval is None or use.state not in skipped):
            skipped |= {use.state} if found.approval is not None else set()
            yield found


def _is_possible(flow: Flow, tool: Tool) -> bool:
    return admits(flow.agent.spec.autonomy, tool.spec.effect) != "never"


def _ways(flow: Flow, reached: frozenset[str], effects: frozenset[str]) -> _Ways:
    unapproved = exits(flow, lambda state, edge: not is_approved(state, edge))
    approvals = [name for name in flow.states if name in reached and _is_approval(flow, name)]
    if not approvals:
        return _Ways(unapproved, unapproved, {}, {})
    unfailing = exits(flow, lambda state, edge: not (is_approved(state, edge) or is_failure(state, edge)))
    guards: dict[str, str] = {}
    for approval in approvals:
        for name in _first_behind(flow, approval, effects):
            guards.setdefault(name, approval)
    back = reversed_edges(flow.edges)
    return _Ways(
        unapproved, unfailing, guards, {name: reachable(back, [name]) for name in set(guards.values())}
    )


def _is_approval(flow: Flow, name: str) -> bool:
    return isinstance(flow.states[name].work, ApprovalWork)


def _first_behind(flow: Flow, approval: str, effects: frozenset[str]) -> frozenset[str]:
    """The states with an effect that come first behind the `approved` outcome, with no other approval between."""
    state = flow.states[approval]
    starts = [edge.target for edge in state.edges if is_approved(state, edge) and edge.target is not None]
    stops = {name for name in flow.states if name in effects or _is_approval(flow, name)}
    onward = {name: () if name in stops else targets for name, targets in flow.edges.items()}
    return reachable(onward, starts) & effects


def _exposure(flow: Flow, ways: _Ways, use: ToolUse, tool: Tool) -> Exposure | None:
    agent = flow.agent
    permitted, forbidden, asked = standing_of(flow.unit.portfolio, agent, tool)
    if not permitted or forbidden:
        return None
    if agent.spec.autonomy == "act_with_approval" and not asked:
        way = shortest_way(every_exit(flow), [flow.start], use.state)
        return Exposure(use, tool, way or (), needs_token=True)
    guard = ways.guards.get(use.state)
    refused = None if guard is None else _after_refusal(flow, ways, guard, use.state)
    if guard is not None and refused is not None:
        skipping = next(hop for hop in refused if hop.source == guard)
        return Exposure(use, tool, refused, approval=guard, skipping=skipping)
    way = shortest_way(ways.unapproved, [flow.start], use.state)
    if way is None:
        return None
    held = agent.spec.autonomy == "autonomous" and agent.metadata.risk in HIGH and not asked
    if guard is None:
        return Exposure(use, tool, way) if held else None
    if held:
        return Exposure(use, tool, way, approval=guard, skipping=_around(flow, way, guard, use.state))
    return None if asked else _after_failure(flow, ways, guard, use, tool)


def _after_failure(flow: Flow, ways: _Ways, guard: str, use: ToolUse, tool: Tool) -> Exposure | None:
    """The effect is reached without the approval where something fails, and only there."""
    if shortest_way(ways.unfailing, [flow.start], use.state) is not None:
        return None
    way = shortest_way(without(ways.unapproved, _readers(flow, guard)), [flow.start], use.state)
    if way is None:
        return None  # the approval's answer is data on the way
    failed = [hop for hop in way if is_failure(flow.states[hop.source], hop.edge)]
    # Inside a parallel state the failure stands in a branch, which a way passes by.
    skipping = failed[-1] if failed else _around(flow, way, guard, use.state)
    return Exposure(use, tool, way, approval=guard, skipping=skipping)


def _after_refusal(flow: Flow, ways: _Ways, guard: str, goal: str) -> Way | None:
    """A way to the effect by the approval's own `denied` or `expired`, where nothing reads the answer or asks again."""
    readers = _readers(flow, guard)
    onward = without(ways.unapproved, readers | (ways.asking[guard] - {goal}))
    refusals = [edge for edge in onward[guard] if edge.outcome in ("denied", "expired")]
    after = shortest_way({**onward, guard: tuple(refusals)}, [guard], goal)
    if after is None:
        return None
    before = shortest_way(every_exit(flow), [flow.start], guard)  # it may stand behind another approval
    return (*(before or ()), *after)


def _readers(flow: Flow, approval: str) -> frozenset[str]:
    """The states that read what an approval gave."""
    return frozenset(
        name for name in flow.states if any(slot.reference.root == approval for slot in flow.reads(name))
    )


def _around(flow: Flow, way: Way, guard: str, goal: str) -> Hop | None:
    """The last hop of a way from where the approval could still have been asked; None where there is no hop."""
    back = reversed_edges({name: () if name == goal else targets for name, targets in flow.edges.items()})
    before = reachable(back, [guard])
    return next((hop for hop in reversed(way) if hop.source in before), None)
