"""What a model may decide at a visit of a decide state: call, respond, handoff or ask; nothing else.

A decision is one JSON object with exactly one of the four keys. It comes from outside, so it is parsed strictly:
no duplicate keys, no NaN, few levels, at most `MAX_DECISION_BYTES`, and an unknown key refuses the whole decision.
"""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.models.json_text import MAX_DEPTH, Json, json_text, strict_json, trusted_json

MAX_DECISION_BYTES = 1_048_576

_AROUND = 2  # {"call": {"args": ...}}

_FORMS = {
    "call": "`call` takes `tool`, a string, and `args`, an object",
    "respond": "`respond` takes any value",
    "handoff": "`handoff` takes `agent`, a string, `input`, an object, and may take `task`, a string",
    "ask": "`ask` takes `question`, a string that is not blank",
}


@dataclass(frozen=True)
class Call:
    """Use a tool of the state. `arguments` is JSON text, not yet judged by anybody."""

    tool: str
    arguments: str


@dataclass(frozen=True)
class Respond:
    """End the visit with a value, which must satisfy what the state `decides`. `value` is JSON text."""

    value: str


@dataclass(frozen=True)
class Handoff:
    """Give the work to another agent, with a task of its own. `input` is JSON text."""

    agent: str
    task: str | None
    input: str


@dataclass(frozen=True)
class Ask:
    """Ask a person."""

    question: str


Decision = Call | Respond | Handoff | Ask


@dataclass(frozen=True)
class Malformed:
    """Why a text is not a decision: a stable code and a sentence."""

    code: str
    message: str


def parse_decision(text: str) -> Decision | Malformed:
    """The decision that a model's answer holds, or why it holds none."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_DECISION_BYTES:
        return Malformed("decision_too_long", f"the decision is longer than {MAX_DECISION_BYTES} bytes")
    try:
        value = strict_json(text, MAX_DEPTH + _AROUND)
    except ValueError:
        message = (
            "the decision is not one JSON value without duplicate keys, of finite numbers and few levels"
        )
        return Malformed("decision_not_json", message)
    if isinstance(value, list) and len(value) > 1:
        message = f"an answer holds exactly one decision, and this one holds {len(value)}"
        return Malformed("decision_several", message)
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _FORMS:
        message = "a decision is an object with exactly one of `call`, `respond`, `handoff`, `ask`"
        return Malformed("decision_unknown", message)
    [(form, body)] = value.items()
    return _decision(form, body) or Malformed("decision_malformed", _FORMS[form])


def decision_json(decision: Decision) -> str:
    """The JSON text of a decision, as the journal keeps it: equal decisions have equal texts."""
    body: dict[str, Json]
    match decision:
        case Call(tool, arguments):
            body = {"call": {"args": trusted_json(arguments), "tool": tool}}
        case Respond(value):
            body = {"respond": trusted_json(value)}
        case Handoff(agent, task, given):
            named: dict[str, Json] = {} if task is None else {"task": task}
            body = {"handoff": {"agent": agent, "input": trusted_json(given), **named}}
        case Ask(question):
            body = {"ask": {"question": question}}
    return json_text(body)


def _decision(form: str, body: Json) -> Decision | None:
    if form == "respond":
        return Respond(json_text(body))
    match form, body:
        case "call", {"tool": str(tool), "args": dict(arguments), **rest} if not rest:
            return Call(tool, json_text(arguments))
        case "handoff", {"agent": str(agent), "input": dict(given), **rest} if set(rest) <= {"task"}:
            task = rest.get("task")
            return Handoff(agent, task, json_text(given)) if task is None or isinstance(task, str) else None
        case "ask", {"question": str(question), **rest} if not rest and question.strip():
            return Ask(question)
        case _:
            return None
