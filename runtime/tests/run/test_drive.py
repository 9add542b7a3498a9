"""Runs to their end: real tools in a real checkout, a scripted model, a real journal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.agent import Guardrails
from remit_runtime.bundle.graph import (
    ApprovalState,
    Artifact,
    Branch,
    Budget,
    CallEdge,
    CallState,
    CheckState,
    Constant,
    DecideState,
    EndState,
    HandoffEdge,
    HandoffState,
    ObjectOf,
    ParallelState,
    Reference,
    Route,
    State,
    ToolState,
)
from remit_runtime.bundle.policy import RedactPattern, TenantIR
from remit_runtime.canonical import Digest
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.journal.events import (
    ModelSettled,
    OutputVerified,
    RunEnded,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.records import Scope
from remit_runtime.models.json_text import json_text, trusted_json
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.run.result import RunResult
from remit_runtime.run.show import shown_of

SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
NOTHING = ObjectOf(())
CALL = {"call": {"tool": "git.log", "args": {"since": "v1"}}}
RESPOND = {"respond": {"summary": "One commit."}}


def scripted(*decisions: object) -> ScriptedModel:
    values: Any = {"version": 0, "decisions": list(decisions)}
    return ScriptedModel(parse_script(json_text(values).encode()))


@pytest.fixture
def loop(prompt: Digest, schema_digest: Callable[[object], Digest]) -> tuple[State, ...]:
    """The states that the form `loop` lowers to, with git.log as the only tool."""
    edge = CallEdge("git.log", "work__git_log")
    routes = (Route("done"),)
    work = DecideState("work", prompt, (edge,), (), schema_digest(SUMMARY), None, routes, None, None)
    done = EndState("done", "succeeded", Reference("work"), ())
    return (work, CallState("work__git_log", "git.log", "work"), done)


class Ran:
    """What a test asks of a run that has been invoked."""

    def __init__(self, runtime: Runtime, result: RunResult) -> None:
        self.result = result
        self.events = [stored.event for stored in runtime.journal.events(result.run)]

    def count(self, kind: type) -> int:
        return sum(isinstance(event, kind) for event in self.events)


Start = Callable[..., Ran]


@pytest.fixture
def start(
    make_release: Any, make_runtime: Callable[..., Runtime], hand_agent: Any, repository: Path
) -> Start:
    """`start(states, model, ...)`: the agent acme.digest of these states, invoked on the repository."""

    def go(
        states: tuple[State, ...],
        model: ScriptedModel | None = None,
        *others: Any,
        tools: Any = None,
        **changes: Any,
    ) -> Ran:
        changes = {"tools": ("git.log", "git.ls_files"), **changes}
        agents = [hand_agent("acme.digest", states, **changes), *others]
        release = make_release(agents) if tools is None else make_release(agents, tools)
        runtime = make_runtime(release.home)
        request = InvokeRequest(
            "acme.digest", {"since": "v1"}, "os:ada", workspaces={"repository": repository}, model=model
        )
        return Ran(runtime, invoke(runtime, release.open(), request))

    return go


def test_a_loop_calls_its_tool_and_responds(start: Start, loop: tuple[State, ...]) -> None:
    ran = start(loop, scripted(CALL, RESPOND))
    assert (ran.result.reason, ran.result.output) == ("succeeded", '{"summary":"One commit."}')
    [settled] = [event for event in ran.events if isinstance(event, ToolSettled)]
    value = trusted_json(settled.output or "")
    assert isinstance(value, dict)
    assert "Go on" in str(value["lines"])


@pytest.mark.parametrize("limit", [1, 3])
def test_a_loop_ends_at_the_exact_budget(start: Start, loop: tuple[State, ...], limit: int) -> None:
    budget = Budget(60, 20, limit, 500_000, 300_000)
    ran = start(loop, scripted(*[CALL] * 10), budget=budget)
    assert ran.result.reason == "budget_exhausted"
    assert ran.result.detail == "the budget of tool calls is used up"
    assert ran.count(ToolIntended) == ran.count(ToolSettled) == limit
    assert ran.result.spent.tool_calls == limit


def test_a_loop_ends_at_its_model_calls(start: Start, loop: tuple[State, ...]) -> None:
    ran = start(loop, scripted(*[CALL] * 10), budget=Budget(60, 2, 20, 500_000, 300_000))
    assert (ran.result.reason, ran.count(ModelSettled)) == ("budget_exhausted", 2)


def test_an_unoffered_tool_is_denied_and_the_model_goes_on(start: Start, loop: tuple[State, ...]) -> None:
    ran = start(loop, scripted({"call": {"tool": "git.ls_files", "args": {}}}, RESPOND))
    assert ran.result.reason == "succeeded"
    [decided] = [event for event in ran.events if isinstance(event, ToolDecided)]
    assert (decided.outcome, decided.code) == ("deny", "tool_not_offered")
    assert ran.count(ToolIntended) == 0


def test_a_decision_for_another_state_ends_the_run_as_decision_invalid(
    start: Start, loop: tuple[State, ...]
) -> None:
    ran = start(loop, scripted({"state": "review", **RESPOND}, RESPOND))
    assert ran.result.reason == "decision_invalid"
    assert "`review`" in ran.result.detail
    assert "`work`" in ran.result.detail


def test_a_script_that_runs_out_ends_the_run_as_failed(start: Start, loop: tuple[State, ...]) -> None:
    ran = start(loop, scripted(CALL))
    assert ran.result.reason == "failed"
    assert "the script has 1 decisions and state `work` asks for one more" in ran.result.detail


def test_an_output_that_does_not_fit_ends_the_run_as_output_invalid(
    start: Start, loop: tuple[State, ...]
) -> None:
    ran = start(loop, scripted(RESPOND), output={"type": "object", "required": ["note"]})
    assert ran.result.reason == "output_invalid"
    assert ran.result.output is None


def test_a_question_pauses_the_run_and_holds_nothing(start: Start, loop: tuple[State, ...]) -> None:
    ran = start(loop, scripted({"ask": {"question": "which tag?"}}))
    assert (ran.result.status, ran.result.reason, ran.result.detail) == ("waiting", None, "which tag?")


FILES = ToolState("files", "git.ls_files", NOTHING, "done", None, None, None)
LOG = ToolState(
    "log", "git.log", ObjectOf((("since", Reference("task", ("since",))),)), "done", None, None, None
)


def test_a_workflow_leaves_its_artifacts_behind(start: Start, tmp_path: Path) -> None:
    artifacts = (
        Artifact("files.json", Reference("files")),
        Artifact("first.txt", Reference("files", ("lines", "0"))),
    )
    ran = start((FILES, EndState("done", "succeeded", Reference("files"), artifacts)), asks=False)
    assert ran.result.reason == "succeeded"
    written = {one.name: one.path.read_text("utf-8") for one in ran.result.artifacts}
    assert written == {
        "files.json": '{\n  "lines": [\n    "a.py",\n    "b.txt"\n  ]\n}\n',
        "first.txt": "a.py",
    }


def test_branches_join_with_every_output(start: Start) -> None:
    fan = ParallelState("fan", (Branch("files", "files"), Branch("log", "log")), "done")
    ran = start((fan, FILES, LOG, EndState("done", "succeeded", Reference("fan"), ())), asks=False)
    assert ran.result.reason == "succeeded"
    output = trusted_json(ran.result.output or "")
    assert isinstance(output, dict)
    assert output["files"] == {"lines": ["a.py", "b.txt"]}
    assert "Go on" in str(output["log"])


def test_a_check_routes_what_fails_its_schema(
    start: Start, schema_digest: Callable[[object], Digest]
) -> None:
    check = CheckState("sane", schema_digest(SUMMARY), ObjectOf((("n", Constant("1")),)), "done", "bad")
    bad = EndState("bad", "rejected", None, ())
    ran = start((check, bad, EndState("done", "succeeded", Constant("{}"), ())), asks=False)
    assert ran.result.reason == "rejected"


def test_an_approval_that_nobody_gives_pauses_and_then_expires(
    make_release: Any, make_runtime: Callable[..., Runtime], hand_agent: Any
) -> None:
    confirm = ApprovalState("confirm", "owner", (Reference("task", ("since",)),), "done", None, "late")
    ends = (EndState("done", "succeeded", Constant("{}"), ()), EndState("late", "rejected", None, ()))
    release = make_release([hand_agent("acme.digest", (confirm, *ends), asks=False)])
    now = [1_795_000_000_000]
    runtime = make_runtime(release.home, lambda: now[0])
    bundle = release.open()
    waiting = invoke(runtime, bundle, InvokeRequest("acme.digest", {"since": "v1"}, "os:ada"))
    assert (waiting.status, waiting.detail) == ("waiting", "approval `owner` is asked for")
    assert resume(runtime, bundle, waiting.run).status == "waiting"
    now[0] += 61_000
    assert resume(runtime, bundle, waiting.run).reason == "rejected"


def other_agent(hand_agent: Any, prompt: Digest, schema_digest: Any, **changes: Any) -> Any:
    edge = CallEdge("git.ls_files", "think__files")
    think = DecideState(
        "think", prompt, (edge,), (), schema_digest(SUMMARY), None, (Route("end"),), None, None
    )
    states = (
        think,
        CallState("think__files", "git.ls_files", "think"),
        EndState("end", "succeeded", Reference("think"), ()),
    )
    return hand_agent("acme.other", states, **{"tools": ("git.ls_files",), **changes})


FILES_CALL: dict[str, Any] = {"state": "think", "call": {"tool": "git.ls_files", "args": {}}}
THOUGHT = {"state": "think", "respond": {"summary": "Two files."}}


def test_a_bound_handoff_runs_a_child_whose_output_is_the_states(
    start: Start, hand_agent: Any, prompt: Digest, schema_digest: Callable[[object], Digest]
) -> None:
    hand = HandoffState("hand", "acme.other", "range", Reference("task"), None, None, "done", None)
    ran = start(
        (hand, EndState("done", "succeeded", Reference("hand"), ())),
        scripted(FILES_CALL, THOUGHT),
        other_agent(hand_agent, prompt, schema_digest),
    )
    assert (ran.result.reason, ran.result.output) == ("succeeded", '{"summary":"Two files."}')
    assert ran.result.spent.tool_calls == 1
    assert ran.result.spent.model_calls == 2


def test_a_child_may_not_call_what_its_parent_is_not_granted(
    make_release: Any,
    make_runtime: Callable[..., Runtime],
    hand_agent: Any,
    repository: Path,
    prompt: Digest,
    schema_digest: Callable[[object], Digest],
) -> None:
    hand = HandoffState("hand", "acme.other", "range", Reference("task"), None, None, "done", None)
    states = (hand, EndState("done", "succeeded", Reference("hand"), ()))
    parent = hand_agent("acme.digest", states, ("git.log",))
    release = make_release([parent, other_agent(hand_agent, prompt, schema_digest)])
    runtime = make_runtime(release.home)
    model = scripted(FILES_CALL, THOUGHT)
    request = InvokeRequest(
        "acme.digest", {"since": "v1"}, "os:ada", workspaces={"repository": repository}, model=model
    )
    result = invoke(runtime, release.open(), request)
    assert (result.reason, result.spent.tool_calls) == ("succeeded", 0)
    child = [stored.event for stored in runtime.journal.events("run_2")]
    [decided] = [event for event in child if isinstance(event, ToolDecided)]
    assert (decided.outcome, decided.code) == ("deny", "tool_not_granted")


def test_a_chosen_handoff_tells_the_model_what_came_of_it(
    start: Start, hand_agent: Any, prompt: Digest, schema_digest: Callable[[object], Digest]
) -> None:
    work = DecideState(
        "work",
        prompt,
        (),
        (HandoffEdge("acme.other", "work__other"),),
        schema_digest(SUMMARY),
        None,
        (Route("done"),),
        None,
        None,
    )
    other = HandoffState("work__other", "acme.other", "range", None, "work", None, "work", None)
    ran = start(
        (work, other, EndState("done", "succeeded", Reference("work"), ())),
        scripted(
            {"handoff": {"agent": "acme.other", "input": {"since": "v1"}}}, FILES_CALL, THOUGHT, RESPOND
        ),
        other_agent(hand_agent, prompt, schema_digest),
    )
    assert (ran.result.reason, ran.result.output) == ("succeeded", '{"summary":"One commit."}')


def test_a_child_cannot_spend_more_than_its_parent_has_left(
    start: Start, hand_agent: Any, prompt: Digest, schema_digest: Callable[[object], Digest]
) -> None:
    hand = HandoffState("hand", "acme.other", "range", Reference("task"), None, None, "done", "lost")
    ends = (EndState("done", "succeeded", Reference("hand"), ()), EndState("lost", "rejected", None, ()))
    ran = start(
        (hand, *ends),
        scripted(*[FILES_CALL] * 10),
        other_agent(hand_agent, prompt, schema_digest),
        budget=Budget(60, 20, 2, 500_000, 300_000),
    )
    assert ran.result.reason == "rejected"
    assert ran.result.spent.tool_calls == 2


def test_a_killed_agent_takes_no_run_and_a_halted_run_waits_until_it_is_lifted(
    make_release: Any, make_runtime: Callable[..., Runtime], hand_agent: Any, repository: Path
) -> None:
    release = make_release(
        [
            hand_agent(
                "acme.digest",
                (FILES, EndState("done", "succeeded", Reference("files"), ())),
                ("git.ls_files",),
                asks=False,
            )
        ]
    )
    runtime = make_runtime(release.home)
    runtime.journal.halt(Scope("tool", "git.ls_files"), "os:ada", "incident")
    request = InvokeRequest("acme.digest", {}, "os:ada", workspaces={"repository": repository})
    waiting = invoke(runtime, release.open(), request)
    assert (waiting.status, waiting.detail) == ("waiting", "halted by tool:git.ls_files")
    runtime.journal.lift(Scope("tool", "git.ls_files"), "os:ada", "over")
    assert resume(runtime, release.open(), waiting.run).reason == "succeeded"


def test_every_run_holds_one_terminal_event(start: Start, loop: tuple[State, ...]) -> None:
    ran = start(loop, scripted(CALL, RESPOND))
    assert ran.count(RunEnded) == 1


TOKEN = "tok_" + "a" * 6
WITHOUT_EVIDENCE: dict[str, Any] = {}
NONE: list[str] = []


@pytest.mark.parametrize(
    ("given", "reason", "broken"),
    [
        ({"findings": [{"evidence": ["a", "b"]}]}, "succeeded", NONE),
        ({"findings": [{"evidence": ["a", "a"]}]}, "output_invalid", ["min_evidence_per_finding"]),
        (
            {"findings": [WITHOUT_EVIDENCE], "note": TOKEN},
            "output_invalid",
            ["min_evidence_per_finding", "secret_exposure"],
        ),
        ({"findings": 1}, "output_invalid", ["output_schema", "min_evidence_per_finding"]),
    ],
)
def test_what_a_run_gives_back_is_held_to_its_guardrails(
    make_release: Any,
    make_runtime: Callable[..., Runtime],
    hand_agent: Any,
    given: Any,
    reason: str,
    broken: list[str],
) -> None:
    states = (EndState("done", "succeeded", Reference("task"), (Artifact("a.json", Reference("task")),)),)
    shape = {"type": "object", "properties": {"findings": {"type": "array"}}}
    guardrails = Guardrails(2, block_on_secret_exposure=True)
    duties = ("evidence_guardrail",)
    agent = hand_agent("acme.digest", states, output=shape, guardrails=guardrails, duties=duties, asks=False)
    release = make_release([agent], redact=[RedactPattern("secret", "token", r"tok_[a-z0-9]{6}")])
    runtime = make_runtime(release.home)
    result = invoke(runtime, release.open(), InvokeRequest("acme.digest", given, "os:ada"))
    assert result.reason == reason
    events = [stored.event for stored in runtime.journal.events(result.run)]
    [verified] = [event for event in events if isinstance(event, OutputVerified)]
    assert [check.check for check in verified.checks if not check.passed] == broken
    assert TOKEN not in str(events[1:])
    assert (result.output is None, result.artifacts == ()) == (bool(broken), bool(broken))


@pytest.mark.parametrize(("agents", "reason"), [(None, "succeeded"), (("acme.digest",), "rejected")])
def test_a_child_that_its_parents_tenant_has_not_does_not_start(
    make_release: Any,
    make_runtime: Callable[..., Runtime],
    hand_agent: Any,
    agents: tuple[str, ...] | None,
    reason: str,
) -> None:
    hand = HandoffState("hand", "acme.other", "range", Reference("task"), None, None, "done", "lost")
    ends = (EndState("done", "succeeded", Reference("hand"), ()), EndState("lost", "rejected", None, ()))
    other = hand_agent("acme.other", (EndState("done", "succeeded", Reference("task"), ()),), asks=False)
    parent = hand_agent("acme.digest", (hand, *ends), asks=False)
    release = make_release([parent, other], tenants=[TenantIR("retail", (), agents, None)])
    runtime = make_runtime(release.home)
    request = InvokeRequest("acme.digest", {"since": "v1"}, "os:ada", tenant="retail")
    result = invoke(runtime, release.open(), request)
    assert result.reason == reason
    shown = shown_of(runtime.journal, result.run, None)
    assert ("  handed to   acme.other, run run_2: succeeded" in shown) == (agents is None)
