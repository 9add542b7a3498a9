"""A checked portfolio becomes the objects of one environment's bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from remit.authority.lower import lower_policies
from remit.definitions import (
    API_VERSION,
    Agent,
    ContextSource,
    Credential,
    McpServer,
    Model,
    Release,
    Tool,
)
from remit.link import Portfolio
from remit.lower.agents import agent_ir, card_of, model_ir
from remit.lower.credentials import credential_ir
from remit.lower.objects import Objects
from remit.lower.places import source_map
from remit.lower.policies import authority_of
from remit.lower.states import Scope
from remit.lower.tools import tool_ir
from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import HandoffState
from remit_runtime.bundle.manifest import AgentEntry, Library
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.canonical import Digest, canonical_json, digest_of

DEV = "dev"


@dataclass(frozen=True)
class Lowered:
    """What one environment's bundle holds. `agents` are by id; the objects by digest."""

    organisation: str
    environment: str
    entries: tuple[AgentEntry, ...]
    agents: Mapping[str, AgentIR]
    policy: PolicySet
    policy_digest: Digest
    source_map: Digest
    libraries: tuple[Library, ...]
    objects: Mapping[Digest, bytes]

    @property
    def language(self) -> str:
        """The language version, which freezes the defaults."""
        return API_VERSION


def lower(portfolio: Portfolio, environment: str) -> Lowered:
    """The contents of an environment's bundle.

    `portfolio` is one that a check found no error in, its policies included, and `environment` one of its
    environments. The result depends on definitions only: not on order, place, time or machine.

    Raises:
        RuntimeError: the portfolio has faults, which is a bug of the caller.
    """
    lifecycles = in_environment(portfolio, environment)
    agents = {name: agent for name, agent in portfolio.of(Agent).items() if name in lifecycles}
    authority = authority_of(portfolio)
    policy = lower_policies(authority).policy_set
    if policy is None or portfolio.root is None:
        raise RuntimeError("a portfolio with faults was lowered")
    objects = Objects()
    lowered = _agents(portfolio, agents, objects)
    entries = tuple(
        AgentEntry(
            name,
            agent.metadata.version,
            objects.add(lowered[name]),
            objects.add(card_of(agent, lifecycles[name])),
        )
        for name, agent in sorted(agents.items())
    )
    return Lowered(
        organisation=portfolio.root.organisation,
        environment=environment,
        entries=entries,
        agents=lowered,
        policy=policy,
        policy_digest=objects.add(policy),
        source_map=objects.add(source_map(portfolio, agents.values(), authority, policy.rules)),
        libraries=_libraries(portfolio),
        objects=objects.by_digest(),
    )


def in_environment(portfolio: Portfolio, environment: str) -> dict[str, str]:
    """The agents that an environment's bundle holds, each with its lifecycle.

    `dev` holds every agent of the tree; a Release says what another environment holds, and the lifecycle in each.
    """
    held: dict[str, str] = {}
    if environment == DEV:
        held = dict.fromkeys(portfolio.of(Agent), "active")
    for release in portfolio.of(Release).values():
        if release.spec.environment == environment:
            held.update({name: agent.lifecycle for name, agent in release.spec.agents.items()})
    return held


def _agents(portfolio: Portfolio, agents: Mapping[str, Agent], objects: Objects) -> dict[str, AgentIR]:
    granted = sorted({name for agent in agents.values() for name in agent.spec.tools.allowed})
    named = sorted({name for agent in agents.values() for name in agent.spec.models.allowed})
    servers = {name: (portfolio.path_of(one), one) for name, one in portfolio.of(McpServer).items()}
    every_tool, every_model = portfolio.of(Tool), portfolio.of(Model)
    credentials = {
        name: objects.add(credential_ir(portfolio.of(Credential)[name]))
        for name in _leased([every_tool[name] for name in granted], [every_model[name] for name in named])
    }
    tools: dict[str, tuple[Tool, Digest]] = {}
    for name in granted:
        tool = every_tool[name]
        lowered = tool_ir(tool, portfolio.path_of(tool), servers, credentials, portfolio, objects)
        tools[name] = (tool, objects.add(lowered))
    models = {name: objects.add(model_ir(every_model[name], credentials)) for name in named}
    every_agent, sources = portfolio.of(Agent), portfolio.of(ContextSource)
    alone = {
        name: agent_ir(
            Scope(
                agent,
                portfolio.path_of(agent),
                portfolio.path_of(agent),
                every_agent,
                every_tool,
                portfolio,
                objects,
            ),
            tools,
            models,
            sources,
        )
        for name, agent in sorted(agents.items())
    }
    return with_children(alone)


def with_children(agents: Mapping[str, AgentIR]) -> dict[str, AgentIR]:
    """The agents, each with the digests of those it hands off to in its states: so its own covers them too.

    A child that is not among the agents stays without a digest, and a runtime refuses to start it.

    Raises:
        RuntimeError: hand-offs go round in a circle, which `handoff-cycle` finds.
    """
    done: dict[str, AgentIR] = {}

    def pinned(name: str, above: tuple[str, ...]) -> AgentIR:
        if name in above:
            raise RuntimeError(f"agent `{name}` is lowered before it is known")
        if name not in done:
            states = tuple(
                msgspec.structs.replace(
                    state, object=digest_of(canonical_json(pinned(state.agent, (*above, name))))
                )
                if isinstance(state, HandoffState) and state.agent in agents
                else state
                for state in agents[name].graph.states
            )
            graph = msgspec.structs.replace(agents[name].graph, states=states)
            done[name] = msgspec.structs.replace(agents[name], graph=graph)
        return done[name]

    return {name: pinned(name, ()) for name in agents}


def _leased(tools: Iterable[Tool], models: Iterable[Model]) -> list[str]:
    """The credentials that tools and models name, sorted."""
    of_tools = {tool.spec.credential.ref for tool in tools if tool.spec.credential is not None}
    return sorted(of_tools | {model.spec.credential for model in models if model.spec.credential is not None})


def _libraries(portfolio: Portfolio) -> tuple[Library, ...]:
    """Each used library with the digest of its definitions: of a table of every file's own digest."""
    found: list[Library] = []
    for name in sorted(portfolio.root.use if portfolio.root is not None else ()):
        table = [
            (path, digest_of(content))
            for path in sorted(portfolio.library.paths)
            if path.startswith(f"{name}/") and isinstance(content := portfolio.library.read(path), bytes)
        ]
        found.append(Library(name, digest_of(canonical_json(table))))
    return tuple(found)
