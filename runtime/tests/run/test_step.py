"""One step of a run: where each outcome of each state leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import (
    ApprovalState,
    Artifact,
    Branch,
    CallEdge,
    CallState,
    CheckState,
    Constant,
    DecideState,
    EndState,
    HandoffEdge,
    HandoffState,
    Match,
    ObjectOf,
    ParallelState,
    Reference,
    Route,
    State,
    ToolState,
)
from remit_runtime.canonical import digest_of
from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
    CheckMade,
    ChildEnded,
    ChildStarted,
    ModelIntended,
    ModelSettled,
    OutputAccepted,
    OutputVerified,
    QuestionAnswered,
    QuestionAsked,
    RunEnded,
    RunEvent,
    RunStarted,
    Spend,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.models.port import Decided, Faulted, Returned
from remit_runtime.run.asked import Asked, Wanted
from remit_runtime.run.effects import (
    AskModel,
    AskPeople,
    CallTool,
    Confirm,
    Effect,
    Finish,
    FollowChild,
    Record,
    RecoverModel,
    RecoverTool,
    RefuseCall,
    RequestApproval,
    RequestCallApprovals,
    StartChild,
    Validate,
    Verify,
    Wait,
)
from remit_runtime.run.plan import plan_of
from remit_runtime.run.state import EMPTY, RunState, fold_all, transcript_of
from remit_runtime.run.step import effects_of, step

SCHEMA = digest_of(b"schema")
END = EndState("done", "succeeded", Reference("files"), ())
NOTHING = ObjectOf(())

Start = Callable[..., RunStarted]
Make = Callable[..., AgentIR]


@pytest.fixture
def after(make_agent: Make, make_started: Start) -> Callable[..., tuple[Effect, ...]]:
    """`after(states, events)`: the effects that a run's state calls for after these events."""

    def effects(states: Sequence[State], events: Sequence[RunEvent], **changes: object) -> tuple[Effect, ...]:
        plan = plan_of(make_agent(*states, **changes))
        return effects_of(plan, fold_all(EMPTY, [make_started(), *events]))

    return effects


After = Callable[..., tuple[Effect, ...]]


def entered(state: str, visit: int = 1, branch: tuple[str, ...] = ()) -> StateEntered:
    return StateEntered(state, visit, branch)


def answered(state: str, decision: str, call: str = "r:2") -> list[RunEvent]:
    return [
        ModelIntended(call, state, "dev", 1, digest_of(b"request"), Spend(model_calls=1)),
        ModelSettled(call, state, "ok", None, decision, 1, 1, Spend(model_calls=1)),
    ]


def faulted(state: str, outcome: str, code: str, detail: str) -> list[RunEvent]:
    invalid = outcome == "invalid"
    return [
        ModelIntended("r:2", state, "dev", 1, digest_of(b"request"), Spend(model_calls=1)),
        ModelSettled(
            "r:2", state, "invalid" if invalid else "error", code, None, 1, 1, Spend(model_calls=1), detail
        ),
    ]


def decided(state: str, tool: str, outcome: str, call: str = "r:3") -> ToolDecided:
    return ToolDecided(
        call=call,
        state=state,
        tool=tool,
        arguments="{}",
        arguments_digest=digest_of(b"{}"),
        resource_type=None,
        resource=None,
        facts=(),
        outcome="allow" if outcome == "allow" else "deny" if outcome == "deny" else "require_approval",
        stage="policy",
        code="forbidden",
        reason="not here",
        rules=(),
        approvals=("appsec",),
        request=None,
    )


def intended(state: str, tool: str, call: str = "r:3") -> list[RunEvent]:
    return [
        decided(state, tool, "allow", call),
        ToolIntended(call, state, tool, Spend(tool_calls=1), "none", "idempotent"),
    ]


def called(state: str, tool: str, output: str = '{"items":[]}', call: str = "r:3") -> list[RunEvent]:
    settled = ToolSettled(call, state, tool, "ok", None, output, None, (), Spend(tool_calls=1))
    return [*intended(state, tool, call), settled]


def failed_call(state: str, tool: str, outcome: str, code: str) -> list[RunEvent]:
    settled = ToolSettled(
        "r:3",
        state,
        tool,
        "unknown" if outcome == "unknown" else "error",
        code,
        None,
        None,
        (),
        Spend(tool_calls=1),
    )
    return [*intended(state, tool), settled]


TOOL = ToolState("files", "git.ls_files", NOTHING, "done", "denied", "broken", None)
WORK = DecideState(
    "work",
    digest_of(b"prompt"),
    (CallEdge("git.log", "work__git_log"),),
    (HandoffEdge("acme.other", "work__other"),),
    SCHEMA,
    3,
    (Route("left", (Match(("verdict",), ('"approve"',)),)), Route("done")),
    None,
    None,
)
CALL = CallState("work__git_log", "git.log", "work")


def test_a_run_begins_by_entering_its_start(after: After) -> None:
    assert after([TOOL, END], []) == (Record((entered("files"),)),)


def test_a_tool_state_calls_its_tool_with_bound_arguments(after: After) -> None:
    state = ToolState("files", "git.grep", ObjectOf((("n", Constant("1")),)), "done", None, None, None)
    effects = after([state, END], [entered("files")])
    assert effects == (CallTool("files", (), "git.grep", '{"n":1}', frozenset({"git.grep"})),)


def test_an_ok_call_becomes_the_output_of_its_state(after: After) -> None:
    effects = after([TOOL, END], [entered("files"), *called("files", "git.ls_files")])
    assert effects == (Record((OutputAccepted("files", "ok", '{"items":[]}', "done"),)),)


def test_a_denied_call_takes_the_denied_route(after: After) -> None:
    [effect] = after([TOOL, END], [entered("files"), decided("files", "git.ls_files", "deny")])
    why = "`git.ls_files` was denied, forbidden: not here"
    assert effect == Record((OutputAccepted("files", "denied", None, "denied", (), why),))


@pytest.mark.parametrize("outcome", ["error", "unknown"])
def test_a_failed_call_takes_the_error_route(after: After, outcome: str) -> None:
    [effect] = after([TOOL, END], [entered("files"), *failed_call("files", "git.ls_files", outcome, "exit")])
    why = f"`git.ls_files` ended as {outcome}, exit"
    assert effect == Record((OutputAccepted("files", "error", None, "broken", (), why),))


def test_an_outcome_without_a_route_ends_the_run_as_failed(after: After) -> None:
    left = OutputAccepted("files", "denied", None, None, (), "why")
    [effect] = after([TOOL, END], [entered("files"), left])
    assert effect == Finish("failed", "state `files` ended as `denied`, for which it has no route: why")


def test_a_call_whose_outcome_nobody_saw_is_recovered(after: After) -> None:
    effects = after([TOOL, END], [entered("files"), *intended("files", "git.ls_files")])
    assert effects == (RecoverTool("files", "git.ls_files", "r:3", "idempotent"),)


def test_an_interrupted_call_is_made_again(after: After) -> None:
    events = [entered("files"), *failed_call("files", "git.ls_files", "unknown", "interrupted")]
    assert isinstance(after([TOOL, END], events)[0], CallTool)


WANTED = decided("files", "git.ls_files", "require_approval")
ASKED = ApprovalRequested("r:4", "appsec", "files", SCHEMA, "{}", 900, "r:3")


def test_a_call_that_needs_approval_asks_and_waits(after: After) -> None:
    [effect] = after([TOOL, END], [entered("files"), WANTED])
    assert effect == RequestCallApprovals("files", WANTED, ("appsec",))
    [effect] = after([TOOL, END], [entered("files"), WANTED, ASKED])
    assert effect == Wait("files", "approval", "`git.ls_files` needs the approval `appsec`", "r:4", 900)


def test_a_call_that_was_approved_is_made_with_what_was_given(after: After) -> None:
    given = ApprovalGiven("r:4", "files", "approved", "os:ada", True, "", 5)
    settled = ApprovalSettled("r:4", "files", "approved", ("os:ada",))
    [effect] = after([TOOL, END], [entered("files"), WANTED, ASKED, given, settled])
    assert isinstance(effect, CallTool)
    assert effect.approved == Wanted(WANTED, (Asked(ASKED, (given,), settled),))


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("denied", "the approval `appsec` was denied by os:ada"),
        ("expired", "the approval `appsec` was not given in time"),
    ],
)
def test_a_call_that_people_do_not_approve_is_refused(after: After, outcome: Any, reason: str) -> None:
    settled = ApprovalSettled("r:4", "files", outcome, ("os:ada",))
    [effect] = after([TOOL, END], [entered("files"), WANTED, ASKED, settled])
    assert effect == RefuseCall("files", WANTED, f"approval_{outcome}", reason)


def test_a_call_waits_for_every_approval_and_for_the_one_that_expires_first(after: After) -> None:
    both = msgspec.structs.replace(WANTED, approvals=("appsec", "owner"))
    other = ApprovalRequested("r:5", "owner", "files", SCHEMA, "{}", 400, "r:3")
    [effect] = after([TOOL, END], [entered("files"), both, ASKED, other])
    assert isinstance(effect, Wait)
    assert (effect.approval, effect.until_ms) == ("r:5", 400)
    settled = ApprovalSettled("r:4", "files", "approved", ("os:ada",))
    [effect] = after([TOOL, END], [entered("files"), both, ASKED, other, settled])
    assert isinstance(effect, Wait)
    assert effect.detail == "`git.ls_files` needs the approval `owner`"


def test_an_approval_that_policy_asks_for_again_is_not_asked_for_for_ever(after: After) -> None:
    settled = ApprovalSettled("r:4", "files", "approved", ("os:ada",))
    again = decided("files", "git.ls_files", "require_approval", "r:6")
    [effect] = after([TOOL, END], [entered("files"), WANTED, ASKED, settled, again])
    assert effect == RefuseCall(
        "files", again, "approval_invalid", "the approval `r:4` does not hold for this call"
    )


def test_other_arguments_are_another_call_that_asks_again(after: After) -> None:
    settled = ApprovalSettled("r:4", "files", "approved", ("os:ada",))
    other = msgspec.structs.replace(
        decided("files", "git.ls_files", "require_approval", "r:6"), arguments_digest=digest_of(b"other")
    )
    [effect] = after([TOOL, END], [entered("files"), WANTED, ASKED, settled, other])
    assert effect == RequestCallApprovals("files", other, ("appsec",))


def test_an_unresolved_argument_ends_the_run_as_failed(after: After) -> None:
    state = ToolState("files", "git.grep", Reference("task", ("word",)), "done", None, None, None)
    [effect] = after([state, END], [entered("files")])
    assert effect == Finish("failed", "`${task.word}` has no value: no `word`")


def test_a_decide_state_asks_its_model(after: After) -> None:
    assert after([WORK, CALL, END], [entered("work")]) == (AskModel(WORK, (), 1, 1),)


def test_a_question_whose_answer_nobody_saw_is_recovered(after: After) -> None:
    events = [entered("work"), answered("work", "{}")[0]]
    assert after([WORK, CALL, END], events) == (RecoverModel("work", "r:2"),)


def test_a_call_goes_to_its_call_state_with_the_models_arguments(after: After) -> None:
    events = [entered("work"), *answered("work", '{"call":{"tool":"git.log","args":{"since":"v1"}}}')]
    assert after([WORK, CALL, END], events) == (Record((entered("work__git_log"),)),)
    effects = after([WORK, CALL, END], [*events, entered("work__git_log")])
    expected = CallTool("work__git_log", (), "git.log", '{"since":"v1"}', frozenset({"git.log"}))
    assert effects == (expected,)


def test_a_tool_that_the_state_does_not_offer_still_goes_to_the_gateway(after: After) -> None:
    events = [entered("work"), *answered("work", '{"call":{"tool":"git.push","args":{}}}')]
    effects = after([WORK, CALL, END], events)
    assert effects == (CallTool("work", (), "git.push", "{}", frozenset({"git.log"})),)
    again = after([WORK, CALL, END], [*events, decided("work", "git.push", "deny")])
    assert again == (Record((entered("work", 2),)),)


def test_the_transcript_holds_decisions_results_and_denials(make_started: Start) -> None:
    decision = '{"call":{"tool":"git.log","args":{}}}'
    events = [
        make_started(),
        entered("work"),
        *answered("work", decision),
        entered("work__git_log"),
        *called("work__git_log", "git.log", '{"lines":[]}'),
        entered("work", 2),
        *answered("work", decision, "r:9"),
        entered("work__git_log", 2),
        decided("work__git_log", "git.log", "deny"),
    ]
    assert transcript_of(fold_all(EMPTY, events), (), "work") == (
        Decided(decision),
        Returned("git.log", "ok", None, '{"lines":[]}', 1),
        Decided(decision),
        Returned("git.log", "denied", "forbidden", '"not here"'),
    )


def test_a_response_is_validated_and_routed_by_its_fields(after: After) -> None:
    events = [entered("work"), *answered("work", '{"respond":{"verdict":"approve"}}')]
    [effect] = after([WORK, CALL, END], events)
    value = '{"verdict":"approve"}'
    passed = Record((OutputAccepted("work", "respond", value, "left"),))
    message = "what state `work` responds does not satisfy its schema"
    assert effect == Validate(SCHEMA, value, passed, Finish("decision_invalid", message))


def test_a_response_that_matches_no_pattern_takes_the_default(after: After) -> None:
    [effect] = after([WORK, CALL, END], [entered("work"), *answered("work", '{"respond":{"verdict":1}}')])
    assert isinstance(effect, Validate)
    assert isinstance(effect.passed, Record)
    assert effect.passed.events[0] == OutputAccepted("work", "respond", '{"verdict":1}', "done")


def test_a_when_pattern_does_not_take_true_for_one(after: After) -> None:
    routes = (Route("left", (Match(("n",), ("1",)),)),)
    work = DecideState("work", WORK.prompt, (), (), None, 3, routes, None, None)
    [effect] = after([work, END], [entered("work"), *answered("work", '{"respond":{"n":true}}')])
    assert effect == Record((OutputAccepted("work", "respond", '{"n":true}', None),))


@pytest.mark.parametrize(("outcome", "reason"), [("invalid", "decision_invalid"), ("error", None)])
def test_a_model_that_gives_no_decision_ends_the_run(after: After, outcome: str, reason: str | None) -> None:
    [effect] = after([WORK, CALL, END], [entered("work"), *faulted("work", outcome, "x", "it broke")])
    error = Record((OutputAccepted("work", "error", None, None, (), "it broke"),))
    assert effect == (error if reason is None else Finish("decision_invalid", "it broke"))


@pytest.mark.parametrize("outcome", ["invalid", "error"])
def test_the_error_route_of_a_decide_state_is_taken_and_its_model_told(
    after: After, make_started: Start, outcome: str
) -> None:
    work = DecideState("work", WORK.prompt, (), (), SCHEMA, 3, WORK.routes, None, "work")
    events = [entered("work"), *faulted("work", outcome, "x", "it broke")]
    left = OutputAccepted("work", "error", None, "work", (), "it broke")
    assert after([work, END], events) == (Record((left,)),)
    assert after([work, END], [*events, left]) == (Record((entered("work", 2),)),)
    state = fold_all(EMPTY, [make_started(), *events, left])
    assert transcript_of(state, (), "work") == (Faulted("it broke"),)


def test_a_fallback_asks_the_next_model_after_an_error(after: After) -> None:
    events = [entered("work"), *faulted("work", "error", "x", "it broke")]
    assert after([WORK, END], events, fallback="in_order", models=2) == (AskModel(WORK, (), 1, 2),)
    assert isinstance(after([WORK, END], events, fallback="in_order", models=1)[0], Record)


def test_the_entry_that_would_pass_max_visits_does_not_happen(after: After) -> None:
    visits: list[RunEvent] = []
    for n in range(1, 4):
        visits += [entered("work", n), *answered("work", '{"call":{"tool":"git.log","args":{}}}')]
        visits += [entered("work__git_log", n), *called("work__git_log", "git.log")]
    [effect] = after([WORK, CALL, END], visits)
    why = "state `work` may be visited 3 times"
    assert effect == Record((OutputAccepted("work", "exhausted", None, None, (), why),))


def test_a_question_to_people_is_asked_and_waits_for_its_answer(after: After, make_started: Start) -> None:
    events: list[RunEvent] = [entered("work"), *answered("work", '{"ask":{"question":"which?"}}')]
    assert after([WORK, END], events) == (AskPeople("work", "which?"),)
    events.append(QuestionAsked("r:4", "work", "which?"))
    assert after([WORK, END], events) == (Wait("work", "question", "which?"),)
    events.append(QuestionAnswered("r:4", "work", 'the "first"', "os:ada", False))
    assert after([WORK, END], events) == (Record((entered("work", 2),)),)
    heard = transcript_of(fold_all(EMPTY, [make_started(), *events]), (), "work")
    assert heard[-1] == Returned("ask", "ok", None, '"the \\"first\\""')


def test_an_unoffered_handoff_is_an_invalid_decision(after: After) -> None:
    events = [entered("work"), *answered("work", '{"handoff":{"agent":"acme.root","input":{}}}')]
    [effect] = after([WORK, END], events)
    assert effect == Finish("decision_invalid", "state `work` offers no handoff to `acme.root`")


def test_a_chosen_handoff_returns_to_the_state_that_chose_it(after: After, make_started: Start) -> None:
    other = HandoffState("work__other", "acme.other", "explain", None, "work", None, "work", None)
    events = [
        entered("work"),
        *answered("work", '{"handoff":{"agent":"acme.other","input":{"text":"x"}}}'),
        entered("work__other"),
    ]
    assert after([WORK, other, END], events) == (StartChild(other, (), '{"text":"x"}'),)
    budget = make_started().budget
    child = ChildStarted("work__other", "run_child", "acme.other", '{"text":"x"}', budget)
    assert after([WORK, other, END], [*events, child]) == (FollowChild(other, "run_child"),)
    ended = ChildEnded("work__other", "run_child", "failed", None)
    [effect] = after([WORK, other, END], [*events, child, ended])
    why = "the child run ended as failed"
    assert effect == Record((OutputAccepted("work__other", "failed", None, "work", (), why),))
    state = fold_all(EMPTY, [make_started(), *events, child, ended])
    assert transcript_of(state, (), "work")[-1] == Returned("acme.other", "error", "failed", None)


def test_a_check_validates_its_values(after: After) -> None:
    check = CheckState("sane", SCHEMA, ObjectOf((("n", Constant("2")),)), "done", "bad")
    [effect] = after([check, END], [entered("sane")])
    passed = Record((OutputAccepted("sane", "passed", '{"n":2}', "done"),))
    failed = Record((OutputAccepted("sane", "failed", '{"n":2}', "bad"),))
    assert effect == Validate(SCHEMA, '{"n":2}', passed, failed)


def test_an_approval_shows_its_values_and_waits_for_them(after: After) -> None:
    approval = ApprovalState("confirm", "appsec", (Reference("task", ()),), "done", None, "late")
    assert after([approval, END], [entered("confirm")]) == (RequestApproval(approval, (), '{"task":{}}'),)
    asked = ApprovalRequested("r:3", "appsec", "confirm", SCHEMA, "{}", 900)
    [effect] = after([approval, END], [entered("confirm"), asked])
    assert effect == Wait("confirm", "approval", "approval `appsec` is asked for", "r:3", 900)
    settled = ApprovalSettled("r:3", "confirm", "approved", ("os:ada",))
    [effect] = after([approval, END], [entered("confirm"), asked, settled])
    output = '{"by":["os:ada"],"outcome":"approved"}'
    assert isinstance(effect, Confirm)
    assert effect.asked == Asked(asked, (), settled)
    assert effect.passed == Record((OutputAccepted("confirm", "approved", output, "done"),))
    late = OutputAccepted("confirm", "expired", '{"by":[],"outcome":"expired"}', "late", (), "expired")
    assert effect.expired == Record((late,))
    lost = OutputAccepted("confirm", "denied", '{"by":[],"outcome":"denied"}', None, (), "denied")
    assert effect.failed == Record((lost,))


def test_the_end_binds_output_and_artifacts(after: After) -> None:
    end = EndState("done", "succeeded", Reference("task"), (Artifact("a.json", Reference("task")),))
    [effect] = after([end], [entered("done")])
    assert isinstance(effect, Verify)
    assert (effect.output, effect.artifacts) == ("{}", (("a.json", "{}"),))
    held = OutputVerified("done", (CheckMade("output_schema", passed=True),))
    finished = Finish("succeeded", "state `done` ended the run", "{}", (("a.json", "{}"),))
    assert after([end], [entered("done"), held]) == (finished,)
    fault = CheckMade("secret_exposure", passed=False, detail="`token` found one")
    broken = OutputVerified("done", (*held.checks, fault))
    [effect] = after([end], [entered("done"), broken])
    assert effect == Finish("output_invalid", "the output does not hold: secret_exposure: `token` found one")


def test_a_success_without_an_output_is_no_success(after: After) -> None:
    [effect] = after([EndState("done", "succeeded", None, ())], [entered("done")])
    assert isinstance(effect, Finish)
    assert effect.reason == "output_invalid"


FAN = ParallelState("fan", (Branch("a", "one"), Branch("b", "two")), "done")
ONE = ToolState("one", "git.log", NOTHING, "done", None, None, None)
TWO = ToolState("two", "git.grep", NOTHING, "done", None, None, None)


def test_a_fork_enters_every_branch_at_once(after: After) -> None:
    effects = after([FAN, ONE, TWO, END], [entered("fan")])
    assert effects == (Record((entered("one", 1, ("a",)), entered("two", 1, ("b",)))),)


def test_both_branches_can_go_on(after: After) -> None:
    events = [entered("fan"), entered("one", 1, ("a",)), entered("two", 1, ("b",))]
    effects = after([FAN, ONE, TWO, END], events)
    assert [effect.tool for effect in effects if isinstance(effect, CallTool)] == ["git.log", "git.grep"]


def test_a_branch_that_waits_lets_the_other_go_first(after: After) -> None:
    events: list[RunEvent] = [
        entered("fan"),
        entered("one", 1, ("a",)),
        entered("two", 1, ("b",)),
        decided("one", "git.log", "require_approval"),
    ]
    events.append(ApprovalRequested("r:4", "appsec", "one", SCHEMA, "{}", 900, "r:3"))
    effects = after([FAN, ONE, TWO, END], events)
    assert [type(effect) for effect in effects] == [CallTool, Wait]


def test_the_join_waits_for_all_and_holds_every_branchs_last_output(after: After) -> None:
    events: list[RunEvent] = [entered("fan"), entered("one", 1, ("a",)), entered("two", 1, ("b",))]
    events.append(OutputAccepted("one", "ok", "[1]", "done", ("a",)))
    effects = after([FAN, ONE, TWO, END], events)
    assert [type(effect) for effect in effects] == [CallTool]
    events.append(OutputAccepted("two", "ok", "[2]", "done", ("b",)))
    joined = OutputAccepted("fan", "joined", '{"a":[1],"b":[2]}', "done")
    assert after([FAN, ONE, TWO, END], events) == (Record((joined,)),)
    assert after([FAN, ONE, TWO, END], [*events, joined]) == (Record((entered("done"),)),)


def test_a_branch_waits_before_a_state_that_another_branch_is_in(after: After) -> None:
    fan = ParallelState("fan", (Branch("a", "one"), Branch("b", "one")), "done")
    events: list[RunEvent] = [entered("fan")]
    assert after([fan, ONE, END], events) == (Record((entered("one", 1, ("a",)),)),)
    events.append(entered("one", 1, ("a",)))
    assert [type(effect) for effect in after([fan, ONE, END], events)] == [CallTool]
    events.append(OutputAccepted("one", "ok", "[1]", "done", ("a",)))
    assert after([fan, ONE, END], events) == (Record((entered("one", 2, ("b",)),)),)


def test_a_branch_that_forks_into_its_own_fork_ends_the_run(after: After) -> None:
    fan = ParallelState("fan", (Branch("a", "fan"),), "done")
    assert after([fan, END], [entered("fan")]) == (Finish("failed", "no branch of the run can go on"),)


def test_the_budget_of_steps_is_never_passed(make_agent: Make, make_started: Start) -> None:
    plan = plan_of(make_agent(FAN, ONE, TWO, END))
    state = fold_all(EMPTY, [make_started("{}", 2), entered("fan")])
    message = "the budget of 2 steps has no room for 2 branches"
    assert effects_of(plan, state) == (Finish("budget_exhausted", message),)


def test_a_run_that_has_ended_calls_for_nothing(make_agent: Make, make_started: Start) -> None:
    plan = plan_of(make_agent(TOOL, END))
    ended = RunEnded("cancelled", "by ada", None, ())
    stepped = step(plan, fold_all(EMPTY, [make_started()]), ended)
    assert stepped.effects == ()
    assert isinstance(stepped.state, RunState)
    assert stepped.state.ended == ended
