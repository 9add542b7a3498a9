"""Effects that no approval comes before, or whose approval can be skipped, each with the shortest way that shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from remit.definitions import Tool
from remit.flow.effects import ToolUse, admits, own_effects, tool_uses
from remit.flow.standing import standing_of
from remit.flow.states import Flow, FlowState
from remit.flow.ways import Exits, Hop, Way, every_exit, exits, is_approved, is_failure, shortest_way, without
from remit.graph import Edges, reachable, reversed_edges

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


@dataclass(frozen=True)
class _Ways:
    """The ways of one flow that its effects are looked at by; each is found when it is first asked for."""

    flow: Flow
    effects: frozenset[str]

    @cached_property
    def unapproved(self) -> Exits:
        """The edges without those that people approved."""
        return exits(self.flow, is_approved, self.flow.approvals)

    @cached_property
    def unfailing(self) -> Exits:
        """The same, without failures."""
        return exits(self.flow, lambda state, edge: is_approved(state, edge) or is_failure(state, edge))

    @cached_property
    def guards(self) -> Mapping[str, tuple[str, ...]]:
        """The approvals that each effect comes first behind."""
        stops = self.effects.union(self.flow.approvals)
        onward = {name: () if name in stops else targets for name, targets in self.flow.edges.items()}
        found: dict[str, tuple[str, ...]] = {}
        for approval in self.flow.approvals:
            if approval in self.flow.reached:
                for name in reachable(onward, _approved(self.flow.states[approval])) & self.effects:
                    found[name] = (*found.get(name, ()), approval)
        return found

    @cached_property
    def back(self) -> Edges:
        """The edges the other way round."""
        return reversed_edges(self.flow.edges)


def _approved(state: FlowState) -> list[str]:
    """Where people's approval leads."""
    return [edge.target for edge in state.edges if is_approved(state, edge) and edge.target is not None]


def exposures(flow: Flow) -> tuple[Exposure, ...]:
    """Every effect that is reached without the approval it should have, as docs/effects.md decides it."""
    return flow.once(_exposures)


def _exposures(flow: Flow) -> tuple[Exposure, ...]:
    return tuple(_each_exposure(flow))


def _each_exposure(flow: Flow) -> Iterator[Exposure]:
    autonomy = flow.agent.spec.autonomy
    if autonomy == "advisory" or (autonomy == "propose" and not flow.approvals):
        return
    effects = flow.once(own_effects)
    possible = {name for name, tool in effects.items() if admits(autonomy, tool.spec.effect) != "never"}
    uses = [use for use in flow.once(tool_uses) if use.tool in possible and use.state in flow.reached]
    ways = _Ways(flow, frozenset(use.state for use in uses))
    skipped: set[str] = set()
    for use in uses:
        found = _exposure(ways, use, effects[use.tool])
        if found is not None and found.approval is not None:
            if use.state in skipped:
                continue  # said of another tool there
            skipped.add(use.state)
        if found is not None:
            yield found


def _exposure(ways: _Ways, use: ToolUse, tool: Tool) -> Exposure | None:
    flow, agent = ways.flow, ways.flow.agent
    permitted, forbidden, asked = standing_of(flow.unit.portfolio, agent, tool)
    if not permitted or forbidden:
        return None
    if agent.spec.autonomy == "act_with_approval" and not asked:
        way = shortest_way(every_exit(flow), [flow.start], use.state)
        return Exposure(use, tool, way or (), needs_token=True)
    guards = ways.guards.get(use.state, ())
    for guard in guards:
        refused = _after_refusal(ways, guard, use.state)
        if refused is not None:
            skipping = next(hop for hop in refused if hop.source == guard)
            return Exposure(use, tool, refused, approval=guard, skipping=skipping)
    way = shortest_way(ways.unapproved, [flow.start], use.state)
    if way is None:
        return None
    held = agent.spec.autonomy == "autonomous" and agent.metadata.risk in HIGH and not asked
    if not guards:
        return Exposure(use, tool, way) if held else None
    if held:
        around = _around(ways, way, guards[0], use.state)
        return Exposure(use, tool, way, approval=guards[0], skipping=around)
    return None if asked else _after_failure(ways, guards[0], use, tool)


def _after_failure(ways: _Ways, guard: str, use: ToolUse, tool: Tool) -> Exposure | None:
    """The effect is reached without the approval where something fails, and only there."""
    flow = ways.flow
    if shortest_way(ways.unfailing, [flow.start], use.state) is not None:
        return None
    way = shortest_way(ways.unapproved, [flow.start], use.state)
    if way is not None:  # what states read is asked for late: it costs more than a way
        readers = {name for one in ways.guards[use.state] for name in _readers(flow, one)}
        way = shortest_way(without(ways.unapproved, readers), [flow.start], use.state)
    if way is None:
        return None  # the approval's answer is data on the way
    failed = [hop for hop in way if is_failure(flow.states[hop.source], hop.edge)]
    # Inside a parallel state the failure stands in a branch, which a way passes by.
    skipping = failed[-1] if failed else _around(ways, way, guard, use.state)
    return Exposure(use, tool, way, approval=guard, skipping=skipping)


def _after_refusal(ways: _Ways, guard: str, goal: str) -> Way | None:
    """A way to the effect by the approval's own `denied` or `expired`, where nothing reads the answer or asks again."""
    flow = ways.flow
    refused = tuple(edge for edge in ways.unapproved[guard] if edge.outcome in ("denied", "expired"))
    if goal not in reachable(flow.edges, [edge.target for edge in refused if edge.target is not None]):
        return None
    asking = reachable(ways.back, [guard]) - {goal}
    onward = dict(without({**ways.unapproved, guard: refused}, asking))
    after = shortest_way(onward, [guard], goal)
    if after is not None:
        after = shortest_way(without(onward, _readers(flow, guard)), [guard], goal)
    if after is None:
        return None
    before = shortest_way(every_exit(flow), [flow.start], guard)  # it may stand behind another approval
    return (*(before or ()), *after)


def _readers(flow: Flow, approval: str) -> frozenset[str]:
    """The states that read what an approval gave."""
    return frozenset(
        name for name in flow.states if any(slot.reference.root == approval for slot in flow.reads(name))
    )


def _around(ways: _Ways, way: Way, guard: str, goal: str) -> Hop | None:
    """The last hop of a way from where the approval could still have been asked; None where there is no hop."""
    back = {name: tuple(one for one in sources if one != goal) for name, sources in ways.back.items()}
    before = reachable(back, [guard])
    return next((hop for hop in reversed(way) if hop.source in before), None)
