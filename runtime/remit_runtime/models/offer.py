"""What a model is offered, as a provider's API wants it said: one schema of a whole decision, or functions to call.

A model with the capability `tools` is asked for exactly one function call: a tool of the state, a handoff, `respond`
or `ask`. One with `json_schema` only is asked for one JSON object `{"decision": ...}` of a single schema, which
small models cannot leave. Either way what comes back is a decision's text, and nobody has judged it yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from remit_runtime.models.json_text import Json, json_text, strict_json, trusted_json
from remit_runtime.models.port import HandoffOffer, ModelCall

RESPOND = "respond"
ASK = "ask_a_person"
DECISION = "decision"
_MAX_NAME = 64
_REFERENCES = ("$ref", "$dynamicRef")
_STRICT = frozenset(
    {
        "type",
        "properties",
        "required",
        "additionalProperties",
        "enum",
        "const",
        "anyOf",
        "items",
        "title",
        "description",
    }
)
_DATA = frozenset({"const", "enum", "default", "examples"})


@dataclass(frozen=True)
class Function:
    """A function that stands for one decision. `schema` is the JSON Schema of its arguments, always an object's."""

    name: str
    description: str
    schema: Json
    form: str
    target: str
    task: str | None = None


def functions(call: ModelCall) -> tuple[Function, ...]:
    """The functions of a question; no two have one name."""
    answer: Json = {} if call.answer_schema is None else trusted_json(call.answer_schema)
    found: list[Function] = []
    names = {RESPOND, ASK}
    for tool in call.tools:
        name = _fresh(tool.id, names)
        found.append(Function(name, f"Use the tool {tool.id}.", trusted_json(tool.schema), "call", tool.id))
    for offer in call.handoffs:
        name = _fresh(f"hand_off_to_{offer.agent}_{offer.task}", names)
        text = f"Give the task {offer.task} to the agent {offer.agent} and hear its result."
        schema = trusted_json(offer.schema)
        found.append(Function(name, text, schema, "handoff", offer.agent, offer.task))
    value = _object({"value": nested(answer, "#/properties/value")})
    found.append(Function(RESPOND, "Give the final answer of this state.", value, "respond", ""))
    question = _object({"question": {"type": "string"}})
    found.append(Function(ASK, "Ask a person, only where nothing else helps.", question, "ask", ""))
    return tuple(found)


def decision_schema(call: ModelCall) -> Json:
    """The JSON Schema of every decision that a question allows, inside the one key `decision`."""
    at = "#/properties/decision/anyOf"
    answer: Json = {} if call.answer_schema is None else trusted_json(call.answer_schema)
    forms: list[Json] = [_object({"respond": nested(answer, f"{at}/0/properties/respond")})]
    for tool in call.tools:
        where = f"{at}/{len(forms)}/properties/call/properties/args"
        body = {"tool": _word(tool.id), "args": nested(trusted_json(tool.schema), where)}
        forms.append(_object({"call": _object(body)}))
    for offer in call.handoffs:
        where = f"{at}/{len(forms)}/properties/handoff/properties/input"
        forms.append(_object({"handoff": _object(_handoff(offer, where))}))
    forms.append(_object({"ask": _object({"question": {"type": "string"}})}))
    return _object({DECISION: {"anyOf": forms}})


def protocol(call: ModelCall) -> str:
    """How a decision is written in JSON, for a model that is held to `decision_schema` and does not see it."""
    answer = "any JSON value" if call.answer_schema is None else call.answer_schema
    lines = [
        "Answer with one JSON object and nothing else. It holds exactly one decision:",
        f'{{"decision": {{"respond": VALUE}}}} gives the answer; VALUE is of the JSON Schema {answer}',
    ]
    lines += [
        f'{{"decision": {{"call": {{"tool": "{tool.id}", "args": ARGS}}}}}} uses a tool;'
        f" ARGS is of the JSON Schema {tool.schema}"
        for tool in call.tools
    ]
    lines += [
        f'{{"decision": {{"handoff": {{"agent": "{offer.agent}", "task": "{offer.task}", "input": INPUT}}}}}}'
        f" gives a task to another agent; INPUT is of the JSON Schema {offer.schema}"
        for offer in call.handoffs
    ]
    lines.append('{"decision": {"ask": {"question": TEXT}}} asks a person, only where nothing else helps')
    return "\n".join(lines)


def decision_of_text(text: str) -> str:
    """The decision in a model's text: without the key `decision` around it, and else the text as it is."""
    try:
        value = strict_json(text)
    except (ValueError, RecursionError):
        return text
    match value:
        case {"decision": dict(inner), **rest} if not rest:
            return json_text(inner)
        case _:
            return text


def decision_of_calls(calls: tuple[tuple[str, str], ...], offered: Mapping[str, Function]) -> str:
    """The decision that function calls (name, arguments as text) come to.

    Several calls give an array, which is no decision; arguments that are no JSON are given back as they are, and
    are none either. A function that was not offered is a call of a tool by its name, which the gateway denies.
    """
    decisions: list[Json] = []
    for name, text in calls:
        try:
            arguments = strict_json(text or "{}")
        except (ValueError, RecursionError):
            return text
        decisions.append(_decision(name, arguments, offered.get(name)))
    return json_text(decisions[0] if len(decisions) == 1 else decisions)


def function_of(decision: Json, offered: tuple[Function, ...]) -> tuple[str, Json]:
    """The function call, name and arguments, that an earlier decision of the model was."""
    match decision:
        case {"call": {"tool": str(tool), "args": arguments}}:
            return _named(offered, "call", tool, None) or tool, arguments
        case {"handoff": {"agent": str(agent), "input": given, **rest}}:
            task = rest.get("task")
            name = _named(offered, "handoff", agent, task if isinstance(task, str) else None)
            return name or "hand_off", given
        case {"ask": body}:
            return ASK, body
        case {"respond": value}:
            return RESPOND, {"value": value}
        case _:
            return RESPOND, {"value": decision}


def can_be_strict(schema: Json) -> bool:
    """Whether a provider can hold a model to a schema: every object closed with all keys required, plain keywords.

    OpenAI "Structured outputs", supported schemas. One that says more is sent as it is and not enforced there; the
    gateway checks every decision all the same.
    """
    if not isinstance(schema, dict) or not schema or not set(schema) <= _STRICT:
        return False
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        named = list(properties) if isinstance(properties, dict) else []
        required = schema.get("required", [])
        if schema.get("additionalProperties") is not False or not isinstance(required, list):
            return False
        if sorted(named) != sorted(one for one in required if isinstance(one, str)):
            return False
    below: list[Json] = list(properties.values()) if isinstance(properties, dict) else []
    choices = schema.get("anyOf")
    below += choices if isinstance(choices, list) else []
    below += [schema["items"]] if "items" in schema else []
    typed = any(key in schema for key in ("type", "anyOf", "enum", "const"))
    return typed and all(can_be_strict(one) for one in below)


def nested(schema: Json, at: str) -> Json:
    """A schema that stands at the JSON pointer `at` of another one: its own references go on pointing into it.

    RFC 6901 §6: a fragment pointer is relative to the root of the document, which the schema no longer is.
    """
    match schema:
        case dict():
            return {key: _nested_entry(key, value, at) for key, value in schema.items() if key != "$schema"}
        case list():
            return [nested(item, at) for item in schema]
        case _:
            return schema


def _nested_entry(key: str, value: Json, at: str) -> Json:
    if key in _REFERENCES and isinstance(value, str) and value.startswith("#"):
        return at + value[1:]
    return value if key in _DATA else nested(value, at)


def _decision(name: str, arguments: Json, function: Function | None) -> Json:
    if function is None:
        return {"call": {"tool": name, "args": arguments}}
    match function.form, arguments:
        case "call", _:
            return {"call": {"tool": function.target, "args": arguments}}
        case "handoff", _:
            return {"handoff": {"agent": function.target, "task": function.task, "input": arguments}}
        case "respond", {"value": value, **rest} if not rest:
            return {"respond": value}
        case form, _:
            return {form: arguments}


def _handoff(offer: HandoffOffer, where: str) -> dict[str, Json]:
    return {
        "agent": _word(offer.agent),
        "task": _word(offer.task),
        "input": nested(trusted_json(offer.schema), where),
    }


def _named(offered: tuple[Function, ...], form: str, target: str, task: str | None) -> str | None:
    return next(
        (
            one.name
            for one in offered
            if one.form == form and one.target == target and task in (None, one.task)
        ),
        None,
    )


def _object(properties: dict[str, Json]) -> Json:
    required: list[Json] = [*properties]
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _word(word: str) -> Json:
    return {"type": "string", "enum": [word]}


def _fresh(wanted: str, taken: set[str]) -> str:
    """A function name for a tool's or agent's id, as OpenAI wants them: letters, digits, `_` and `-`, at most 64."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", wanted)[:_MAX_NAME]
    name, number = plain, 2
    while name in taken:
        ending = f"_{number}"
        name, number = plain[: _MAX_NAME - len(ending)] + ending, number + 1
    taken.add(name)
    return name
