"""The context of a Cedar request: the call's inputs, and of its arguments what policies can see.

Arguments are projected by the tool's declared types. What has no Cedar type (a number with a fraction, a free-form
object) is hidden from policies, and the compiler has said so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from remit_runtime.policy.engine import reference
from remit_runtime.policy.request import PolicyRequest
from remit_runtime.policy.schema import CedarType, PolicySchema, ToolShape

MAX_CONTEXT_BYTES = 64 * 1024
_LONG = 2**63


def argument_problem(
    shape: ToolShape, values: dict[str, frozenset[str]], arguments: Mapping[str, Any]
) -> str | None:
    """Why a call's arguments are not what its tool declares, or None when they are."""
    declared = shape.arguments.fields
    if not shape.open:
        for name in sorted(map(str, arguments)):
            if name not in declared and name not in shape.hidden:
                return f"argument `{name}` is not declared"
    return _misfit(shape.arguments, values, arguments, "")


def context_json(
    schema: PolicySchema, shape: ToolShape, request: PolicyRequest, approvals: frozenset[str]
) -> str:
    """The context of a request as JSON. The arguments must have no `argument_problem`."""
    facts = request.facts or {}
    return json.dumps(
        {
            "run": _run(request, approvals),
            "facts": {name: facts[name] for name in sorted(schema.facts)},
            "provenance": _provenance(request),
            "args": _projected(shape.arguments, request.arguments or {}),
        },
        separators=(",", ":"),
    )


def _provenance(request: PolicyRequest) -> dict[str, Any]:
    found = request.provenance
    if found is None:
        raise RuntimeError("a request without provenance was judged")
    lacking = {"lacking": sorted(found.lacking), "lacking_types": sorted(found.lacking_types)}
    return {"trusted": found.trusted, **lacking}


def _run(request: PolicyRequest, approvals: frozenset[str]) -> dict[str, Any]:
    return {
        "agent_version": request.agent_version,
        "user": request.user,
        "tenant": request.tenant,
        "risk": reference("Risk", str(request.risk)),
        "task": request.task,
        "state": request.state,
        "environment": reference("Environment", str(request.environment)),
        "data_classes": sorted(request.data_classes or ()),
        "approvals": [reference("Approval", name) for name in sorted(approvals)],
        "eval_status": reference("EvalStatus", str(request.eval_status)),
        "incident": request.incident,
    }


def _misfit(kind: CedarType, values: dict[str, frozenset[str]], value: Any, path: str) -> str | None:
    """Why a value is not of a type, naming its place, or None."""
    match kind.type:
        case "Record":
            return _record_misfit(kind, values, value, path)
        case "Set":
            return _set_misfit(kind, values, value, path)
        case "String":
            fits = isinstance(value, str)
        case "Boolean":
            fits = isinstance(value, bool)
        case "Long":
            fits = _is_long(value)
        case "Entity" | "EntityOrCommon":
            fits = isinstance(value, str) and value in values.get(kind.name, frozenset())
    return None if fits else f"argument `{path}` is not of its declared type"


def _record_misfit(kind: CedarType, values: dict[str, frozenset[str]], value: Any, path: str) -> str | None:
    if not isinstance(value, Mapping):
        return f"argument `{path}` is not of its declared type"
    found: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType] -- any JSON
    for name, attribute in sorted(kind.fields.items()):
        place = f"{path}.{name}" if path else name
        if found.get(name) is not None:
            problem = _misfit(attribute, values, found[name], place)
            if problem is not None:
                return problem
        elif attribute.required:
            return f"argument `{place}` is missing"
    return None


def _set_misfit(kind: CedarType, values: dict[str, frozenset[str]], value: Any, path: str) -> str | None:
    if not isinstance(value, (list, tuple)) or kind.element is None:
        return f"argument `{path}` is not of its declared type"
    items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType] -- any JSON
    problems = (_misfit(kind.element, values, item, path) for item in items)
    return next((problem for problem in problems if problem is not None), None)


def _is_long(value: Any) -> bool:
    """JSON Schema calls 3.0 an integer; Cedar's Long has 64 bits."""
    if isinstance(value, float):
        return value.is_integer() and -_LONG <= value < _LONG
    return isinstance(value, int) and not isinstance(value, bool) and -_LONG <= value < _LONG


def _projected(kind: CedarType, value: Any) -> Any:
    """The value as Cedar's JSON writes it. Null and absent are the same; what has no type is left out."""
    match kind.type:
        case "Record":
            present = {n: a for n, a in kind.fields.items() if value.get(n) is not None}
            return {name: _projected(attribute, value[name]) for name, attribute in sorted(present.items())}
        case "Set":
            return [_projected(kind.element, item) for item in value] if kind.element else []
        case "Long":
            return int(value)
        case "Entity" | "EntityOrCommon":
            return reference(kind.name, value)
        case "String" | "Boolean":
            return value
