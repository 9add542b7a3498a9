"""GRF006."""

from collections.abc import Iterator
from itertools import islice

from remit.definitions.state import ModelState
from remit.diagnostic import Note, nearest
from remit.flow import Flow
from remit.flow.routes import Dead, Field, Routing, decided_at, routings, written
from remit.graph import MOST_TOLD
from remit.read import Path
from remit.rule import Finding, rule
from remit.source import Span


@rule("dead-route", "GRF006", since="0.4", severity="warning")
def dead_route(flow: Flow) -> Iterator[Finding]:
    """A route of a model state, or a value that it names, which no decision can take.

    ## Why

    The first route that holds is taken, and a decision meets its schema before it is routed. A route for a value that
    the schema does not have, or behind routes that take all it would, is never taken, whatever its author meant by it.
    Neither is `exhausted` of a state that may be visited any number of times.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      models: [dev]
      orchestration: {graph: graph.yaml}
      output: {summary: string, urgent: boolean}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: write
      states:
        write:
          type: model
          next:
            - {when: {urgent: true}, to: done}
            - {when: {urgent: maybe}, to: unsure}
            - {to: unsure}
        done: {type: end, outcome: succeeded, output: "${write}"}
        unsure: {type: end, outcome: rejected}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      models: [dev]
      orchestration: {graph: graph.yaml}
      output: {summary: string, urgent: boolean}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: write
      states:
        write:
          type: model
          next:
            - {when: {urgent: true}, to: done}
            - {when: {urgent: false}, to: unsure}
        done: {type: end, outcome: succeeded, output: "${write}"}
        unsure: {type: end, outcome: rejected}
    ```
    """
    found = (_finding(flow, routing, dead) for routing in routings(flow) for dead in routing.dead)
    yield from islice(found, MOST_TOLD)
    yield from islice(_never_exhausted(flow), MOST_TOLD)


def _finding(flow: Flow, routing: Routing, dead: Dead) -> Finding:
    span, way = _span(flow, routing.state, dead), flow.way(routing.state)
    if dead.field is not None and not dead.before:
        return _impossible(flow, routing, routing.fields[dead.field], dead, span)
    routes = (flow.span_in(routing.state, "next", index) for index in dead.before)
    notes = (*(Note("this route takes it first", route) for route in routes), *way)
    if dead.field is None:
        return Finding(span, "the routes before this one leave nothing of it", notes, "remove it")
    value = written(dead.value)
    message = f"the routes before this one leave nothing of `{dead.field}: {value}`"
    return Finding(span, message, notes, f"take `{value}` out of this route")


def _impossible(flow: Flow, routing: Routing, field: Field, dead: Dead, span: Span) -> Finding:
    state = routing.state
    notes = (Note(f"`{state}` decides this", decided_at(flow, state)), *flow.way(state))
    if dead.value is None:
        near = nearest(field.name, routing.known)
        advice = f"did you mean `{near}`?" if near else "route by a field of the schema"
        return Finding(span, f"no decision of `{state}` has a `{field.name}`", notes, advice)
    value, known = written(dead.value), [written(one) for one in field.values.values()]
    near = nearest(value, known)
    listed = ", ".join(f"`{one}`" for one in known)
    advice = (
        f"did you mean `{near}`?" if near else f"it is one of {listed}" if known else "take another field"
    )
    return Finding(span, f"`{field.name}` is never `{value}`", notes, advice)


def _span(flow: Flow, state: str, dead: Dead) -> Span:
    """The value of a pattern, the field of it, the pattern, or the whole of a route without one."""
    place = flow.states[state]
    at: Path = (*place.at, "next", dead.route)
    if dead.field is None:
        work = place.work
        bare = isinstance(work, ModelState) and work.next[dead.route].when is None
        return flow.unit.portfolio.span(place.path, at if bare else (*at, "when"))
    if dead.nth is None:
        return flow.unit.portfolio.span(place.path, (*at, "when", dead.field), "key")
    return flow.unit.portfolio.span(place.path, (*at, "when", dead.field, dead.nth))


def _never_exhausted(flow: Flow) -> Iterator[Finding]:
    for name, state in flow.states.items():
        if isinstance(state.work, ModelState) and state.work.exhausted and state.work.max_visits is None:
            yield Finding(
                flow.span_in(name, "exhausted"),
                f"`{name}` is never exhausted, since it may be visited any number of times",
                flow.way(name),
                "set `max_visits`, or remove `exhausted`",
            )
