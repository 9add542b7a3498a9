"""The scripted model: what a script may hold, and what it answers."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.errors import UsageError
from remit_runtime.models.port import ModelAnswer, ModelCall, ModelFault, ModelLimits, Usage
from remit_runtime.models.scripted import ScriptedModel, parse_script

MODEL = ModelIR("dev", "scripted", "script", None, 16000, 1000, (), (), 0, 0, None)


def asked(state: str, ordinal: int) -> ModelCall:
    limits = ModelLimits(1000, 16000, "none", 0)
    return ModelCall("acme.digest", state, 1, ordinal, 1, MODEL, (), (), (), (), None, limits)


def script(*decisions: object) -> bytes:
    return json.dumps({"version": 0, "decisions": decisions}).encode()


def test_a_script_answers_by_the_ordinal_of_the_question() -> None:
    model = ScriptedModel(parse_script(script({"respond": 1}, {"state": "work", "respond": {"a": [True]}})))
    assert model.decide(asked("work", 1), None) == ModelAnswer('{"respond":{"a":[true]}}', Usage(0, 0))


def test_the_usage_of_a_decision_is_what_the_script_says() -> None:
    usage = {"input_tokens": 420, "output_tokens": 30}
    model = ScriptedModel(parse_script(script({"respond": 1, "usage": usage})))
    assert model.decide(asked("work", 0), None) == ModelAnswer('{"respond":1}', Usage(420, 30))


def test_a_raw_decision_is_passed_on_as_it_is() -> None:
    model = ScriptedModel(parse_script(script({"raw": "not json"})))
    assert model.decide(asked("work", 0), None) == ModelAnswer("not json", Usage(0, 0))


def test_a_decision_for_another_state_is_invalid_and_names_both() -> None:
    model = ScriptedModel(parse_script(script({"state": "work", "respond": 1})))
    fault = model.decide(asked("review", 0), None)
    assert fault == ModelFault(
        "invalid",
        "script_other_state",
        "decision 1 of the script is for state `work` but state `review` asks",
    )


def test_running_out_of_decisions_is_a_model_error() -> None:
    fault = ScriptedModel(parse_script(script())).decide(asked("work", 0), None)
    assert fault == ModelFault(
        "error", "script_exhausted", "the script has 0 decisions and state `work` asks for one more"
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff", "the script is not UTF-8 JSON without duplicate keys"),
        (
            b'{"version": 0, "version": 0, "decisions": []}',
            "the script is not UTF-8 JSON without duplicate keys",
        ),
        (b"[" * 100_000, "the script is not UTF-8 JSON without duplicate keys"),
        (b"[]", "the script is an object with `version` and `decisions`"),
        (b'{"decisions": []}', "the script's `version` is 0"),
        (b'{"version": false, "decisions": []}', "the script's `version` is 0"),
        (b'{"version": 0, "decisions": {}}', "the script's `decisions` is an array"),
        (
            b'{"version": 0, "decisions": [], "note": ""}',
            "the script has the unknown key `note`; it takes `version`, `decisions`",
        ),
        (script(1), "decision 1 of the script is an object"),
        (
            script({"respond": 1}, {"ask": {"question": "?"}, "respond": 1}),
            "decision 2 of the script holds exactly one of `call`, `respond`, `handoff`, `ask`, `raw`",
        ),
        (
            script({"respond": 1, "states": "work"}),
            (
                "decision 1 of the script has the unknown key `states`;"
                " it takes `state`, `usage`, `call`, `respond`, `handoff`, `ask`, `raw`"
            ),
        ),
        (
            script({"call": {"tool": "git.log"}}),
            "decision 1 of the script: `call` takes `tool`, a string, and `args`, an object",
        ),
        (script({"raw": {}}), "`raw` of decision 1 of the script is a string"),
        (script({"respond": 1, "state": 7}), "`state` of decision 1 of the script is the name of a state"),
        (
            script({"respond": 1, "usage": {"input_tokens": -1, "output_tokens": 0}}),
            (
                "`usage` of decision 1 of the script takes `input_tokens` and `output_tokens`,"
                " numbers from 0 to 10000000"
            ),
        ),
    ],
)
def test_a_malformed_script_is_refused_with_one_sentence(data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_script(data)
    assert caught.value.message == message


@given(st.binary(max_size=200))
def test_no_bytes_make_a_script_fail_otherwise(data: bytes) -> None:
    with contextlib.suppress(UsageError):
        parse_script(data)


def test_a_script_file_of_the_language_page_is_accepted() -> None:
    page = Path(__file__).parents[3] / "docs" / "language.md"
    block = page.read_text().split("```json repo=smallest file=digest.script.json\n")[1].split("```")[0]
    assert len(parse_script(block.encode()).decisions) == 2


def test_the_script_of_the_page_on_runs_is_accepted() -> None:
    page = Path(__file__).parents[3] / "docs" / "runs.md"
    block = page.read_text().split("```json file=example.script.json\n")[1].split("```")[0]
    assert len(parse_script(block.encode()).decisions) == 5
