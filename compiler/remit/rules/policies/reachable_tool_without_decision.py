"""POL006."""

from collections.abc import Iterable, Iterator

from remit.definitions import ContextSource, Environment, Release, Tool
from remit.definitions.agent import Autonomy
from remit.definitions.policy import PolicyRule
from remit.definitions.words import Effect
from remit.definitions.work import ContextWork, ModelWork, ToolWork
from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.permits import PlacedRule, rules_of
from remit.rule import Finding, rule

_ADMITS: dict[Autonomy, tuple[Effect, ...]] = {
    "advisory": ("read",),
    "propose": ("read", "write"),
    "act_with_approval": ("read", "write", "irreversible"),
    "autonomous": ("read", "write", "irreversible"),
}
ANYWHERE = ""
"""In place of an environment: in whichever."""


@rule("reachable-tool-without-decision", "POL006", since="0.4")
def reachable_tool_without_decision(flow: Flow) -> Iterator[Finding]:
    """A tool that an agent calls and that no policy permits it, so that every call is denied.

    ## Why

    A grant gives nothing: a call is allowed where a `permit` rule of a Policy takes it in, and denied where none does.
    What is looked at are the scopes of rules (`tools`, `effects`, `capabilities`, `agents`, `environments`). An agent
    that a Release names has to be permitted its tools in the environment of that Release, any other in some
    environment. The prelude of `std@1` permits reading in `dev`, and nothing else.

    ## Wrong

    ```yaml file=tools/comment.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.comment, version: 1.0.0, owner: dev}
    spec:
      effect: write
      input: {type: object, additionalProperties: false, required: [body], properties: {body: {type: string}}}
      output: {type: object, additionalProperties: false, required: [id], properties: {id: {type: integer}}}
      arguments: {body: {role: content}}
      implementation:
        http: {method: POST, url: "https://review.example/comments", hosts: [review.example], body: arguments}
    ```

    ```yaml file=agents/commenter/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.commenter, version: 0.1.0, owner: dev}
    spec:
      purpose: Write a comment.
      autonomy: propose
      tasks: {comment: {body: string}}
      tools: [acme.comment]
      orchestration: {function: {tool: acme.comment, args: {body: "${task.body}"}}}
      output: {id: integer}
    ```

    ## Right

    ```yaml file=tools/comment.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.comment, version: 1.0.0, owner: dev}
    spec:
      effect: write
      input: {type: object, additionalProperties: false, required: [body], properties: {body: {type: string}}}
      output: {type: object, additionalProperties: false, required: [id], properties: {id: {type: integer}}}
      arguments: {body: {role: content}}
      implementation:
        http: {method: POST, url: "https://review.example/comments", hosts: [review.example], body: arguments}
    ```

    ```yaml file=agents/commenter/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.commenter, version: 0.1.0, owner: dev}
    spec:
      purpose: Write a comment.
      autonomy: propose
      tasks: {comment: {body: string}}
      tools: [acme.comment]
      orchestration: {function: {tool: acme.comment, args: {body: "${task.body}"}}}
      output: {id: integer}
    ```

    ```yaml file=policies/comments.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: comments}
    spec: {rules: [{id: comment, effect: permit, tools: [acme.comment], reason: a comment can be taken back}]}
    ```

    ## Exceptions

    What a rule without conditions forbids, or an environment denies, has been decided. Effects that the agent's own
    `autonomy` leaves out, and tools that no state offers, are not asked about.
    """
    rules = rules_of(flow.unit.portfolio)
    released = tuple(_released_to(flow))
    undecided: dict[str, list[str]] = {}
    for name in flow.agent.spec.tools.allowed:
        tool = flow.unit.portfolio.find(Tool, name)
        if tool is None or tool.spec.effect not in _ADMITS[flow.agent.spec.autonomy]:
            continue
        about = rules.about(tool)
        where = [place for place in released or (ANYWHERE,) if not _is_decided(flow, tool, about, place)]
        if where:
            undecided[name] = where
    if undecided and flow.unit.portfolio.is_whole:
        yield from _undecided(flow, undecided)


def _released_to(flow: Flow) -> Iterator[str]:
    """The environments to which releases bring the agent."""
    agent = flow.agent.metadata.id
    for release in flow.unit.portfolio.of(Release).values():
        released = release.spec.agents.get(agent)
        if released is not None and released.lifecycle != "retired":
            yield release.spec.environment


def _is_decided(flow: Flow, tool: Tool, about: Iterable[PlacedRule], environment: str) -> bool:
    """Whether a rule could permit the tool to the agent there, or it is forbidden in so many words."""
    agent = flow.agent.metadata.id
    for placed in about:
        one = placed.rule
        if one.agents is not None and agent not in one.agents:
            continue
        if one.effect == "permit" and _reaches(one, environment):
            return True
        if one.effect == "forbid" and _always_forbids(one, environment):
            return True
    here = flow.unit.portfolio.find(Environment, environment) if environment else None
    return here is not None and (
        tool.metadata.id in here.spec.deny.tools or tool.spec.effect in here.spec.deny.effects
    )


def _reaches(one: PolicyRule, environment: str) -> bool:
    return one.environments is None or environment in (ANYWHERE, *one.environments)


def _always_forbids(one: PolicyRule, environment: str) -> bool:
    if one.when or one.tenants is not None:
        return False
    return one.environments is None or environment in one.environments


def _undecided(flow: Flow, undecided: dict[str, list[str]]) -> Iterator[Finding]:
    called = _callers(flow)
    for index, name in enumerate(flow.agent.spec.tools.allowed):
        state = called.get(name)
        if name not in undecided or state is None:
            continue
        where = " or ".join(f"`{place}`" for place in undecided[name] if place)
        yield Finding(
            flow.unit.span(("spec", "tools", "allowed", index)),
            f"no policy permits `{name}` to `{flow.agent.metadata.id}`" + (f" in {where}" if where else ""),
            (
                *_releases(flow, undecided[name]),
                *flow.way(state),
                Note(f"`{state}` may call it", flow.span(state)),
            ),
            "permit it in a rule of a Policy, or take it out of the grant",
        )


def _releases(flow: Flow, environments: list[str]) -> Iterator[Note]:
    agent = flow.agent.metadata.id
    for release in flow.unit.portfolio.of(Release).values():
        if agent in release.spec.agents and release.spec.environment in environments:
            path = flow.unit.portfolio.path_of(release)
            place = flow.unit.portfolio.span(path, ("spec", "agents", agent), "key")
            yield Note(f"it is released to `{release.spec.environment}`", place)


def _callers(flow: Flow) -> dict[str, str]:
    """The tools that states can call, each with the first reachable state that does."""
    found: dict[str, str] = {}
    reached, waiting = {flow.start}, [flow.start] if flow.start in flow.states else []
    for state in waiting:
        for tool in _calls(flow, state):
            found.setdefault(tool, state)
        for target in flow.states[state].targets:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return found


def _calls(flow: Flow, state: str) -> Iterator[str]:
    work = flow.states[state].work
    if isinstance(work, ToolWork):
        yield work.tool
    elif isinstance(work, ModelWork):
        yield from work.tools
    elif isinstance(work, ContextWork):
        for name in work.sources or flow.agent.spec.context.ranked:
            source = flow.unit.portfolio.find(ContextSource, name)
            if source is not None and source.spec.tool is not None:
                yield source.spec.tool
