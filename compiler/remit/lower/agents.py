"""An agent version becomes the object whose digest is its closure, and the card that an inventory shows."""

from __future__ import annotations

from collections.abc import Mapping

from remit.definitions import Agent, ContextSource, Model, Tool
from remit.definitions.duties import duties_of
from remit.lower.context import named_sources, source_ir
from remit.lower.forms import graph_ir
from remit.lower.sources import schema_of
from remit.lower.states import Scope, budget_ir
from remit.prices import price_of_model
from remit_runtime.bundle import agent as ir
from remit_runtime.bundle.manifest import AgentCard
from remit_runtime.canonical import Digest


def agent_ir(
    scope: Scope,
    tools: Mapping[str, tuple[Tool, Digest]],
    models: Mapping[str, Digest],
    sources: Mapping[str, ContextSource],
) -> ir.AgentIR:
    """The agent of the bundle. `tools` and `models` hold the digests of the objects it names by id.

    Nothing here depends on where a definition stands, who owns it, what judges it or when it was made.
    """
    agent, spec = scope.agent, scope.agent.spec
    form = spec.orchestration.graph
    graph = None if form is None else scope.sources.graph(scope.agent_path, form)[1]
    states = graph_ir(scope)
    return ir.AgentIR(
        id=agent.metadata.id,
        version=agent.metadata.version,
        risk=agent.metadata.risk,
        autonomy=spec.autonomy,
        tasks=tuple(
            ir.TaskType(
                name, scope.objects.add_schema(schema_of(spec.tasks[name], scope.agent_path, scope.sources))
            )
            for name in sorted(spec.tasks)
        ),
        output=scope.output,
        graph=states,
        tools=tuple(
            ir.ToolUse(name, tools[name][0].metadata.version, tools[name][1])
            for name in sorted(spec.tools.allowed)
        ),
        denied_tools=tuple(sorted(spec.tools.denied)),
        # The order of models is the order in which they are tried.
        models=tuple(ir.ModelUse(name, models[name]) for name in spec.models.allowed),
        fallback=spec.models.fallback,
        reasoning_budget=spec.models.reasoning_budget,
        context=ir.ContextLimits(
            spec.context.max_input_tokens,
            tuple(sorted(spec.context.required)),
            tuple(sorted(spec.context.optional)),
            tuple(
                ir.SourceUse(name, scope.objects.add(source_ir(sources[name])))
                for name in named_sources(spec.context.ranked, states)
            ),
        ),
        memory=ir.MemoryGrant(tuple(sorted(spec.memory.read)), tuple(sorted(spec.memory.write))),
        data_classes=tuple(sorted(spec.data_classes)),
        guardrails=ir.Guardrails(
            spec.guardrails.min_evidence_per_finding, spec.guardrails.block_on_secret_exposure
        ),
        budget=budget_ir(spec.budget),
        observability=ir.Observability(
            spec.observability.trace, spec.observability.content, spec.observability.audit_retention_days
        ),
        output_trust="untrusted",
        duties=duties_of(agent, graph, {name: tool for name, (tool, _) in tools.items()}),
    )


def card_of(agent: Agent, lifecycle: str) -> AgentCard:
    """What an inventory says of an agent."""
    return AgentCard(
        id=agent.metadata.id,
        name=agent.metadata.name or agent.metadata.id,
        purpose=agent.spec.purpose,
        owner=agent.metadata.owner,
        business_owner=agent.metadata.business_owner,
        lifecycle="retired"
        if lifecycle == "retired"
        else "deprecated"
        if lifecycle == "deprecated"
        else "active",
        suites=tuple(sorted(agent.spec.evaluation.suites)),
    )


def model_ir(model: Model, credentials: Mapping[str, Digest]) -> ir.ModelIR:
    """The model of the bundle, with its price in micro-US-dollars for a million tokens and where that is from.

    `credentials` holds the digest of the object of each credential by id.
    """
    spec = model.spec
    price = price_of_model(model)
    if price is None:
        raise RuntimeError(f"model `{model.metadata.id}` has no price, which the check lets nobody build")
    return ir.ModelIR(
        id=model.metadata.id,
        provider=spec.provider,
        model=spec.model,
        endpoint=spec.address,
        context_tokens=spec.context_tokens,
        max_output_tokens=spec.max_output_tokens,
        capabilities=tuple(sorted(spec.capabilities)),
        residency=tuple(sorted(spec.residency)),
        input_microusd_per_million=price.input_microusd_per_million,
        output_microusd_per_million=price.output_microusd_per_million,
        credential=spec.credential,
        api=spec.api,
        price_source=price.source,
        credential_object=None if spec.credential is None else credentials[spec.credential],
    )
