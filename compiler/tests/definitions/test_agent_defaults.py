"""What an agent leaves out is strict, exactly as docs/language.md says, and numbers are exact."""

from decimal import Decimal
from typing import Any

import pytest

from remit.definitions import Agent, Environment, Tool
from remit.definitions.agent import LoopForm
from remit.definitions.budget import Budget
from remit.definitions.reference import Malformed, Reference, pieces, references_in
from remit.definitions.scalars import Scalar
from remit.definitions.shape import ObjectType, shape_schema

HEAD = {"apiVersion": "remit/v1"}
SMALLEST: dict[str, Any] = {
    **HEAD,
    "kind": "Agent",
    "metadata": {"id": "acme.digest", "version": "0.1.0", "owner": "dev"},
    "spec": {
        "purpose": "Summarise recent commits.",
        "tasks": {"range": {"since": "string"}},
        "instructions": {"text": "Summarise."},
        "tools": ["git.log"],
        "models": ["dev"],
        "output": {"summary": "string"},
    },
}
TOOL: dict[str, Any] = {
    **HEAD,
    "kind": "Tool",
    "metadata": {"id": "acme.read", "version": "1.0.0", "owner": "dev"},
    "spec": {
        "effect": "read",
        "input": {"type": "object"},
        "output": {"type": "object"},
        "implementation": {"process": {"argv": ["git"]}},
    },
}


def smallest(**spec: Any) -> Agent:
    return Agent.model_validate({**SMALLEST, "spec": {**SMALLEST["spec"], **spec}})


def test_the_smallest_agent_has_the_strict_defaults() -> None:
    agent = smallest()
    spec = agent.spec

    assert agent.metadata.risk == "high"
    assert (spec.autonomy, spec.orchestration.form, spec.orchestration.loop) == (
        "advisory",
        "loop",
        LoopForm(),
    )
    assert (spec.models.allowed, spec.models.fallback, spec.models.reasoning_budget) == (
        ("dev",),
        "none",
        "none",
    )
    assert (spec.tools.allowed, spec.tools.denied) == (("git.log",), ())
    assert (spec.memory.read, spec.memory.write, spec.data_classes, spec.evaluation.suites) == (
        (),
        (),
        (),
        (),
    )
    assert (spec.context.max_input_tokens, spec.context.required, spec.context.optional) == (16000, (), ())
    assert spec.guardrails.min_evidence_per_finding == 0
    assert spec.guardrails.block_on_secret_exposure
    assert (spec.observability.trace, spec.observability.content) == ("optional", "redacted")
    assert spec.observability.audit_retention_days == 365


def test_a_budget_has_the_defaults_of_its_language_for_what_it_leaves_out() -> None:
    whole, part = smallest().spec.budget, smallest(budget={"model_calls": 4}).spec.budget

    assert (whole.steps, whole.model_calls, whole.tool_calls) == (60, 8, 20)
    assert (whole.microusd, whole.milliseconds) == (500_000, 300_000)
    assert part == Budget(model_calls=4)


def test_a_partial_budget_does_not_narrow_what_it_leaves_out() -> None:
    environment = Environment.model_validate(
        {
            **HEAD,
            "kind": "Environment",
            "metadata": {"id": "e"},
            "spec": {"budget": {"usd": Decimal("0.000001")}},
        }
    )
    budget = environment.spec.budget

    assert budget is not None
    assert (budget.microusd, budget.milliseconds, budget.steps) == (1, None, None)


@pytest.mark.parametrize(
    ("usd", "microusd"), [(3, 3_000_000), (Decimal("0.5"), 500_000), (Decimal("0.500000"), 500_000), (0, 0)]
)
def test_money_is_exact(usd: Scalar, microusd: int) -> None:
    assert smallest(budget={"usd": usd}).spec.budget.microusd == microusd


def test_a_millisecond_is_the_least_time() -> None:
    assert smallest(budget={"minutes": Decimal("0.001")}).spec.budget.milliseconds == 60


def test_a_tool_fills_in_what_it_does_not_declare() -> None:
    tool = Tool.model_validate(TOOL)
    write = Tool.model_validate({**TOOL, "spec": {**TOOL["spec"], "effect": "write"}})

    assert (tool.capability, tool.resource.type, tool.resource.id) == ("acme.read", "Tool", "acme.read")
    assert (tool.spec.recovery.mode, write.spec.recovery.mode) == ("idempotent", "manual")
    assert (tool.spec.limits.timeout_seconds, tool.spec.limits.max_output_bytes) == (30, 1_000_000)
    assert tool.spec.implementation.process is not None
    assert tool.spec.implementation.process.ok_exit_codes == (0,)


def test_a_version_on_a_reference_is_no_part_of_the_id() -> None:
    pins: list[str] = []
    agent = Agent.model_validate(
        {**SMALLEST, "spec": {**SMALLEST["spec"], "tools": ["git.log@1.0.0", "git.show@latest"]}},
        context=pins,
    )

    assert agent.spec.tools.allowed == ("git.log", "git.show")
    assert pins == ["git.log@1.0.0", "git.show@latest"]


def test_a_shape_becomes_a_closed_schema() -> None:
    shape = smallest(
        output={"name": "string", "age": "integer?", "tags?": ["string"], "owner": {"id": "string"}}
    ).spec.output

    assert isinstance(shape, ObjectType)
    assert shape_schema(shape) == {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "owner"],
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "owner": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id"],
                "properties": {"id": {"type": "string"}},
            },
        },
    }


def test_references_are_cut_out_of_text() -> None:
    assert pieces("a ${task.base.0} b") == ("a ", Reference("task", ("base", "0")), " b")
    assert pieces("$${task} costs ${review}") == ("${task} costs ", Reference("review"))
    assert pieces("${a}${b}") == (Reference("a"), Reference("b"))
    assert pieces("${1 + 1} and ${open") == (Malformed("${1 + 1}"), " and ", Malformed("${open"))


def test_references_are_found_anywhere_in_a_binding() -> None:
    assert list(references_in({"a": ["x", "${b.c}"], "d": 1})) == [(("a", 1), Reference("b", ("c",)))]
