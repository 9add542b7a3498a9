"""The gateway's part in provenance: expressions of a model get their values, and values their origins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from remit_runtime.bundle.tool import ToolIR
from remit_runtime.gateway.arguments import Arguments
from remit_runtime.gateway.load import Gateway
from remit_runtime.gateway.outcome import CallRequest, Denial
from remit_runtime.journal.events import ValueOrigin
from remit_runtime.models.json_text import Json
from remit_runtime.policy.expressions import Evaluated, Faulty, Written, evaluated
from remit_runtime.policy.material import Path
from remit_runtime.policy.provenance import Asked, Origin, origins_of

MAX_ORIGINS_KEPT = 200


def values_of(gateway: Gateway, request: CallRequest, arguments: Arguments) -> Written | Denial:
    """The arguments with the value of every reference and expression that a model wrote in them.

    What a definition binds has its own references, evaluated before: what looks like one there is a value.
    """
    if request.written_by != "model" or not _may_hold_any(request.arguments):
        return Written(arguments, {})
    found = evaluated(arguments, gateway.materials.of(gateway.bundle, gateway.journal, request.lease.run))
    return Denial("parse", found.code, found.reason) if isinstance(found, Faulty) else found


def origins(
    gateway: Gateway,
    request: CallRequest,
    tool: ToolIR,
    arguments: Arguments,
    expressions: Mapping[Path, Evaluated],
) -> tuple[Origin, ...]:
    """The origin of every value of a call that asks for one; a read without roles asks for none."""
    if tool.effect == "read" and not tool.arguments:
        return ()
    schema = gateway.schemas.schema(tool.input).document
    asked = Asked(tool, arguments, request.binding, expressions, _fixed(schema), _names(schema))
    return origins_of(gateway.materials.of(gateway.bundle, gateway.journal, request.lease.run), asked)


def kept(found: Iterable[Origin]) -> tuple[ValueOrigin, ...]:
    """The origins as the journal keeps them: at most `MAX_ORIGINS_KEPT`, of which none that lacks gives way."""
    order = sorted(enumerate(found), key=lambda one: (not one[1].lacks, one[0]))[:MAX_ORIGINS_KEPT]
    return tuple(_kept(origin) for _, origin in sorted(order, key=lambda one: one[0]))


def _kept(origin: Origin) -> ValueOrigin:
    found = origin.found
    return ValueOrigin(
        path=origin.path,
        role=origin.role,
        type=origin.type,
        digest=origin.digest,
        origin=found.origin,
        trusted=found.trusted,
        source=found.source,
        field=found.field,
        expression=found.expression,
        operands=found.operands,
    )


def _may_hold_any(arguments: bytes) -> bool:
    # An escaped form ("\u0024ref") is one as well: a dollar is the only sign that has to be there.
    return b"$" in arguments or b"\\u0024" in arguments


def _fixed(schema: Mapping[str, Json]) -> dict[str, Any]:
    """The top-level arguments for which a schema gives a default, or one value only."""
    fixed: dict[str, Any] = {}
    properties = schema.get("properties")
    for name, declared in properties.items() if isinstance(properties, dict) else ():
        if not isinstance(declared, dict):
            continue
        values = declared.get("enum")
        if "default" in declared:
            fixed[name] = declared["default"]
        elif "const" in declared:
            fixed[name] = declared["const"]
        elif isinstance(values, list) and len(values) == 1:
            fixed[name] = values[0]
    return fixed


def _names(schema: Mapping[str, Json]) -> frozenset[str]:
    """Every property that a schema names, at any depth."""
    names: set[str] = set()
    waiting: list[Json] = [dict(schema)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            properties = one.get("properties")
            names |= set(properties) if isinstance(properties, dict) else set()
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return frozenset(names)
