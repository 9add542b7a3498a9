"""What a gatekeeper types: eval."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from remit.cli.author import report_of, tree_of
from remit.cli.here import clock, did_you_mean, today
from remit.evals.gate import Judgement, Verdict, verdict_of
from remit.evals.results import CaseResult, SuiteResult
from remit.release.ship import Evaluated, Sealed, evaluated, sealed, suites_of
from remit_runtime.errors import UsageError

EXIT: dict[Verdict, int] = {"passed": 0, "failed": 1, "not_proven": 3}


def evaluate(arguments: argparse.Namespace) -> int:
    """Runs suites over the definitions on disk and judges the gates of an environment."""
    made = sealed(tree_of(Path()), arguments.to, today())
    if not isinstance(made, Sealed):
        return report_of(made, arguments.format)
    names = _wanted(made, arguments.suites)
    if not names:
        nothing = Evaluated({}, ())
        text = f"no suite measures an agent of `{arguments.to}`\n"
        print(evaluation_json(nothing) if arguments.format == "json" else text, end="")
        return EXIT["not_proven"]
    shown = evaluated(made, names, clock, os.environ.get("PATH", os.defpath), progress())
    if arguments.suites:
        # Suites asked for by name are judged alone: that others did not run says nothing of them.
        shown = replace(shown, judgements=tuple(one for one in shown.judgements if one.suite in names))
    print(evaluation_json(shown) if arguments.format == "json" else evaluation_text(shown), end="")
    return exit_of(shown)


def exit_of(shown: Evaluated) -> int:
    """0 where every gate passed, 1 where one failed, 3 where one is not proven; without gates, of the cases."""
    if shown.judgements:
        return EXIT[shown.verdict]
    return 0 if all(case.passed for result in shown.results.values() for case in result.cases) else 1


def _wanted(made: Sealed, asked: list[str]) -> tuple[str, ...]:
    from remit.definitions import EvalSuite

    known = made.portfolio.of(EvalSuite)
    for name in asked:
        if name not in known:
            raise UsageError("no_such_suite", f"there is no suite `{name}`{did_you_mean(name, known)}")
        if known[name].spec.agent not in made.lowered.agents:
            raise UsageError("agent_not_there", f"the agent of suite `{name}` is not in this environment")
    return tuple(asked) or suites_of(made)


def progress() -> Any:
    """Shows one line that counts, on a terminal only."""
    if not sys.stderr.isatty():
        return None

    def show(result: CaseResult, done: int, of: int) -> None:
        print(
            f"\r\x1b[K{done}/{of} {result.id}",
            end="" if done < of else "\r\x1b[K",
            file=sys.stderr,
            flush=True,
        )

    return show


def evaluation_text(shown: Evaluated) -> str:
    """The results of suites and the verdicts of gates, as people read them."""
    lines = [line for result in shown.results.values() for line in _suite_lines(result)]
    for _, judgements in groupby(shown.judgements, key=lambda one: (one.gate, one.suite)):
        lines += _gate_lines(tuple(judgements))
    if not shown.judgements:
        lines.append("no gate stands before these agents here")
    return "\n".join(lines) + "\n"


def _suite_lines(result: SuiteResult) -> list[str]:
    whose = f"{result.agent}@{result.agent_version}"
    if result.lacking is not None:
        return [f"suite {result.suite}  {whose}  did not run: {result.lacking}"]
    lines = [f"suite {result.suite}  {whose}  {result.passed} of {len(result.cases)} cases passed"]
    for case in result.cases:
        if case.passed:
            continue
        lines.append(f"  failed {case.id}" + (f": {case.error}" if case.error else ""))
        lines += [f"    {grade.grader}: {grade.detail}" for grade in case.grades if not grade.passed]
    return lines


def _gate_lines(judgements: Sequence[Judgement]) -> list[str]:
    """A gate over one suite: its verdict, and each requirement with the numbers that decided it."""
    first = judgements[0]
    where = f" over {first.suite}" if first.suite else ""
    lines = [f"gate {first.gate}{where}: {_words(verdict_of(judgements))}"]
    for one in judgements:
        wanted = f"{one.requirement.measured} {one.requirement.op} {one.requirement.value}"
        counts = f"n = {one.n}"
        if one.k is not None:
            counts += f", k = {one.k}"
        if one.needed is not None:
            counts += f", the smallest k that passes is {one.needed}"
        lines += [f"  {wanted} {_words(one.verdict)}: {one.detail}", f"    {counts}"]
    return lines


def _words(verdict: Verdict) -> str:
    return verdict.replace("_", " ")


def evaluation_json(shown: Evaluated) -> str:
    """The results of suites and the verdicts of gates, as programs read them."""
    body = {
        "version": 1,
        "verdict": shown.verdict if shown.judgements else None,
        "suites": [_suite_json(result) for result in shown.results.values()],
        "gates": [_judgement_json(judgement) for judgement in shown.judgements],
    }
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def _suite_json(result: SuiteResult) -> dict[str, Any]:
    return {
        "suite": result.suite,
        "agent": result.agent,
        "agent_version": result.agent_version,
        "closure": result.closure,
        "dataset": result.dataset,
        "graders": result.graders,
        "policy_slice": result.policy_slice,
        "only_scripted": result.only_scripted,
        "lacking": result.lacking,
        "cases": [
            {
                "id": case.id,
                "passed": case.passed,
                "reason": case.reason,
                "error": case.error,
                "violations": case.violations,
                "microusd": case.microusd,
                "milliseconds": case.milliseconds,
                "grades": [
                    {"grader": grade.grader, "passed": grade.passed, "detail": grade.detail}
                    for grade in case.grades
                ],
            }
            for case in result.cases
        ],
    }


def _judgement_json(judgement: Judgement) -> dict[str, Any]:
    requirement = judgement.requirement
    return {
        "gate": judgement.gate,
        "suite": judgement.suite,
        "metric": requirement.metric,
        "grader": requirement.grader,
        "op": requirement.op,
        "value": str(requirement.value),
        "basis": requirement.basis,
        "confidence": str(requirement.confidence),
        "verdict": judgement.verdict,
        "n": judgement.n,
        "k": judgement.k,
        "figure": _text(judgement.figure),
        "needed": judgement.needed,
        "detail": judgement.detail,
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)
