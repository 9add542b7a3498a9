"""Running a suite: every case is a run of the real runtime, with its gateway, policy, journal and audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from remit.evals.graders import MISSING, grade
from remit.evals.graders.policy import violations
from remit.evals.needs import lacking
from remit.evals.observe import observed
from remit.evals.people import answered
from remit.evals.results import CaseResult, Grade, SuiteResult
from remit.evals.services import Loopback
from remit.evals.suite import ReadyCase, ReadySuite
from remit.git.fresh import repository
from remit.lower.values import plain
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.canonical import digest_of
from remit_runtime.errors import RemitError
from remit_runtime.gateway.schemas import Schemas
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.run.result import RunResult

WORKSPACE = "repository"
SERVICES = "services"
"""The grade that says which requests found no recorded answer; it decides nothing."""
Progress = Callable[[CaseResult, int, int], None]


@dataclass(frozen=True)
class Bench:
    """A bundle that is open for evaluation, the runtime that runs it, and what stands for the hosts of its tools."""

    runtime: Runtime
    bundle: VerifiedBundle
    scratch: Path
    schemas: Schemas
    services: Loopback


def evaluate(
    bench: Bench, suite: ReadySuite, policy_slice: str, progress: Progress | None = None
) -> SuiteResult:
    """The result of a suite: every case in its order, none left out."""
    entry = bench.bundle.entry(suite.definition.spec.agent)
    lacks = lacking(bench.runtime, bench.bundle, entry.id)
    results: list[CaseResult] = []
    for case in suite.cases:
        result = _case(bench, suite, case) if lacks is None else _not_run(case, lacks)
        results.append(result)
        if progress is not None:
            progress(result, len(results), len(suite.cases))
    return SuiteResult(
        suite=suite.id,
        agent=entry.id,
        agent_version=entry.version,
        closure=entry.closure,
        dataset=suite.dataset_digest,
        graders=suite.graders_digest,
        policy_slice=policy_slice,
        cases=tuple(results),
        only_scripted=suite.definition.spec.needs_model,
        lacking=lacks,
    )


def _not_run(ready: ReadyCase, why: str) -> CaseResult:
    return CaseResult(ready.case.id, False, ready.case.must_pass, "not_started", (), None, 0, 0, (), why)


@dataclass(frozen=True)
class _Epoch:
    passed: bool
    reason: str
    grades: tuple[Grade, ...]
    violations: int | None
    microusd: int
    milliseconds: int
    run: str | None
    error: str | None
    ended_well: bool = False


def _case(bench: Bench, suite: ReadySuite, ready: ReadyCase) -> CaseResult:
    spec = suite.definition.spec
    epochs = [_epoch(bench, suite, ready, number) for number in range(spec.epochs)]
    # What a report shows of several epochs is the first that did not pass.
    shown = next((epoch for epoch in epochs if not epoch.passed), epochs[0])
    counted = [epoch.violations for epoch in epochs if epoch.violations is not None]
    return CaseResult(
        id=ready.case.id,
        passed=passes([epoch.passed for epoch in epochs], spec.case_passes),
        must_pass=ready.case.must_pass,
        reason=shown.reason,
        grades=shown.grades,
        violations=sum(counted) if len(counted) == len(epochs) else None,
        microusd=max(epoch.microusd for epoch in epochs),
        milliseconds=max(epoch.milliseconds for epoch in epochs),
        runs=tuple(epoch.run for epoch in epochs if epoch.run is not None),
        error=next((epoch.error for epoch in epochs if epoch.error is not None), None),
        passed_graders=tuple(
            grader.id
            for grader in suite.graders
            if all(
                epoch.ended_well and any(one.grader == grader.id and one.passed for one in epoch.grades)
                for epoch in epochs
            )
        ),
    )


def passes(epochs: Sequence[bool], rule: Literal["all", "majority"]) -> bool:
    """Whether a case passes whose epochs passed or not; a tie is no majority."""
    return all(epochs) if rule == "all" else sum(epochs) * 2 > len(epochs)


def _epoch(bench: Bench, suite: ReadySuite, ready: ReadyCase, number: int) -> _Epoch:
    request = _request(bench, suite, ready, number)
    bench.services.begin(ready.services)
    try:
        result = invoke(bench.runtime, bench.bundle, request)
        wishes = ready.case.approvals or {}
        while result.status == "waiting" and answered(bench.runtime, bench.bundle, result.run, wishes):
            result = resume(bench.runtime, bench.bundle, result.run, request.model)
    except RemitError as error:
        return _Epoch(False, "not_started", (), None, 0, 0, None, f"{error.code}: {error.message}")
    if result.status != "ended":
        return _Epoch(False, "waiting", (), None, 0, 0, result.run, "the run waits for a person")
    return _judged(bench, suite, ready, result)


def _judged(bench: Bench, suite: ReadySuite, ready: ReadyCase, result: RunResult) -> _Epoch:
    case = ready.case
    sent = bench.services.sent
    seen = observed(bench.runtime, result, bench.schemas, bench.bundle.agent(result.agent).output, sent)
    expect = {name: plain(value) for name, value in case.expect.items()}
    grades = tuple(grade(grader, seen, expect.get(grader.id, MISSING)) for grader in suite.graders)
    wanted = suite.definition.spec.success
    unrecorded = [f"`{one.method} {one.path}` of {one.host}" for one in sent if not one.answered]
    succeeded = all(one.passed for one in grades if one.grader in wanted)
    ended_well = result.reason == case.outcome
    allowed = next(
        (expect[one.id] for one in suite.graders if one.type == "policy" and one.id in expect), MISSING
    )
    return _Epoch(
        passed=succeeded and ended_well,
        reason=result.reason or "waiting",
        grades=(
            *(() if ended_well else (Grade("outcome", False, _ending(result, case.outcome)),)),
            *(
                (Grade(SERVICES, False, f"nothing is recorded for {', '.join(unrecorded)}"),)
                if unrecorded
                else ()
            ),
            *grades,
        ),
        violations=violations(seen, allowed),
        microusd=seen.microusd,
        milliseconds=seen.milliseconds,
        run=result.run,
        error=None,
        ended_well=ended_well,
    )


def _ending(result: RunResult, wanted: str) -> str:
    return f"the run ended as {result.reason}, expected {wanted}: {result.detail}"


def _request(bench: Bench, suite: ReadySuite, ready: ReadyCase, number: int) -> InvokeRequest:
    # Cases of the same commits share a repository: a run works on a checkout of its own.
    workspace = (
        bench.scratch / "workspaces" / digest_of(repr(ready.history).encode("utf-8")).partition(":")[2]
    )
    if not workspace.is_dir():
        repository(workspace, ready.history)
    script = None if ready.script is None else ScriptedModel(parse_script(ready.script))
    return InvokeRequest(
        agent=suite.definition.spec.agent,
        input=plain(ready.case.input),
        user="os:evaluation",
        task=ready.case.task,
        workspaces={WORKSPACE: workspace},
        model=script,
        invocation_key=f"{suite.id}/{ready.case.id}/{number}",
    )
