"""The scripted model: it answers from a JSON file, in `dev` only, and every run that used it says so.

    {"version": 0, "decisions": [
      {"state": "work", "call": {"tool": "git.log", "args": {"since": "v1"}}},
      {"state": "work", "respond": {"summary": "..."}, "usage": {"input_tokens": 900, "output_tokens": 40}}
    ]}

Each decision holds exactly one of `call`, `respond`, `handoff`, `ask` or `raw` (a text that is passed on as it
is, to show what a bad answer does). `state` is optional; where it is given it must be the asking state. `usage`
left out is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from remit_runtime.errors import UsageError
from remit_runtime.models.decision import Malformed, parse_decision
from remit_runtime.models.json_text import Json, json_text, strict_json
from remit_runtime.models.port import ModelAnswer, ModelCall, ModelFault, Usage

MAX_SCRIPT_BYTES = 4 * 1_048_576
MAX_TOKENS = 10_000_000
SCRIPTED = "scripted"
"""The name of this adapter, and the provider of models that only a script answers for."""

_FORMS = ("call", "respond", "handoff", "ask", "raw")


@dataclass(frozen=True)
class ScriptedDecision:
    """One answer. `text` is what the model says; `state` the only state it may say it in, if given."""

    state: str | None
    text: str
    usage: Usage


@dataclass(frozen=True)
class Script:
    """A script's decisions, and the bytes they were read from, where it was read from any."""

    decisions: tuple[ScriptedDecision, ...]
    source: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class ScriptedModel:
    """Answers the n-th question of a run and its children with the n-th decision of a script."""

    script: Script

    @property
    def name(self) -> str:
        return SCRIPTED

    def decide(self, call: ModelCall, _secret: str | None, /) -> ModelAnswer | ModelFault:
        """The script's decision for this question, or that the script has none for it. It needs no secret."""
        decisions = self.script.decisions
        if call.ordinal >= len(decisions):
            message = f"the script has {len(decisions)} decisions and state `{call.state}` asks for one more"
            return ModelFault("error", "script_exhausted", message)
        chosen = decisions[call.ordinal]
        if chosen.state is not None and chosen.state != call.state:
            message = (
                f"decision {call.ordinal + 1} of the script is for state `{chosen.state}`"
                f" but state `{call.state}` asks"
            )
            return ModelFault("invalid", "script_other_state", message)
        return ModelAnswer(chosen.text, chosen.usage)


def parse_script(data: bytes) -> Script:
    """The script that a file's bytes hold.

    Raises:
        UsageError: not UTF-8 JSON of the form above; the message names the decision by its number, from 1.
    """
    if len(data) > MAX_SCRIPT_BYTES:
        raise UsageError("script_too_long", f"a script has at most {MAX_SCRIPT_BYTES} bytes")
    try:
        value = strict_json(data.decode("utf-8"))
    except ValueError as error:
        message = "the script is not UTF-8 JSON without duplicate keys"
        raise UsageError("script_not_json", message) from error
    if not isinstance(value, dict):
        raise UsageError("script_malformed", "the script is an object with `version` and `decisions`")
    _only(value, ("version", "decisions"), "the script")
    if type(value.get("version")) is not int or value["version"] != 0:
        raise UsageError("script_version", "the script's `version` is 0")
    decisions = value.get("decisions")
    if not isinstance(decisions, list):
        raise UsageError("script_malformed", "the script's `decisions` is an array")
    return Script(tuple(_decision(n, one) for n, one in enumerate(decisions, start=1)), data)


def _decision(number: int, value: Json) -> ScriptedDecision:
    where = f"decision {number} of the script"
    if not isinstance(value, dict):
        raise UsageError("script_malformed", f"{where} is an object")
    _only(value, ("state", "usage", *_FORMS), where)
    forms = [form for form in _FORMS if form in value]
    if len(forms) != 1:
        message = f"{where} holds exactly one of `call`, `respond`, `handoff`, `ask`, `raw`"
        raise UsageError("script_malformed", message)
    state = value.get("state")
    if state is not None and not isinstance(state, str):
        raise UsageError("script_malformed", f"`state` of {where} is the name of a state")
    usage = _usage(where, value["usage"]) if "usage" in value else Usage(0, 0)
    return ScriptedDecision(state, _text(where, forms[0], value[forms[0]]), usage)


def _text(where: str, form: str, value: Json) -> str:
    if form == "raw":
        if not isinstance(value, str):
            raise UsageError("script_malformed", f"`raw` of {where} is a string")
        return value
    text = json_text({form: value})
    checked = parse_decision(text)
    if isinstance(checked, Malformed):
        raise UsageError("script_malformed", f"{where}: {checked.message}")
    return text


def _usage(where: str, value: Json) -> Usage:
    match value:
        case {"input_tokens": int(given), "output_tokens": int(written), **rest} if not rest:
            # a bool is an int to Python and none to JSON
            if all(type(n) is int and 0 <= n <= MAX_TOKENS for n in (given, written)):
                return Usage(given, written)
        case _:
            pass
    message = f"`usage` of {where} takes `input_tokens` and `output_tokens`, numbers from 0 to {MAX_TOKENS}"
    raise UsageError("script_malformed", message)


def _only(value: dict[str, Json], known: tuple[str, ...], where: str) -> None:
    unknown = sorted(set(value) - set(known))
    if unknown:
        listed = ", ".join(f"`{name}`" for name in known)
        raise UsageError(
            "script_unknown_key", f"{where} has the unknown key `{unknown[0]}`; it takes {listed}"
        )
