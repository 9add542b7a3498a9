"""What waits for people on this machine, as they read it before they answer: by run, and by where values are from.

All of it that comes from outside stands escaped in the text: a call cannot write lines of its own into the prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from remit_runtime.bundle.manifest import SourceMap
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.journal.records import RunFilter
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.json_text import json_text, trusted_json
from remit_runtime.policy.approvals import holders_of
from remit_runtime.run.approval import forum_of
from remit_runtime.run.pending import Pending, PendingApproval, PendingQuestion, pending_of
from remit_runtime.run.wording import one_json, one_line, when

ALL = 1_000_000

Policies = Callable[[str, str], PolicySet | None]
"""The policy of a bundle, by its digest and environment, or None where the bundle is not on this machine."""

Places = Callable[[str], SourceMap | None]


def inbox(journal: Journal, policies: Policies, places: Places) -> list[dict[str, Any]]:
    """Every run that waits for people, the oldest first, as JSON values: its requests in groups, and its questions.

    Raises:
        JournalCorrupt: the journal does not hold.
    """
    waiting = (*journal.runs(RunFilter(None, "waiting", ALL)), *journal.runs(RunFilter(None, "running", ALL)))
    found: list[dict[str, Any]] = []
    for record in sorted(waiting, key=lambda one: (one.created_ms, one.run)):
        pending = pending_of(journal, record.run)
        if pending:
            policy = policies(record.bundle, record.environment)
            found.append(_run(pending, policy, _rule_places(places(record.bundle))))
    return found


def inbox_text(runs: list[dict[str, Any]]) -> str:
    """The same for a person."""
    lines = [line for run in runs for line in (*_run_lines(run), "")]
    return "\n".join(lines).rstrip() or "nothing waits for people"


def _run(pending: tuple[Pending, ...], policy: PolicySet | None, rules: Mapping[str, str]) -> dict[str, Any]:
    record = pending[0].record
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for one in pending:
        if isinstance(one, PendingApproval):
            body = _approval(one, policy, rules)
            groups.setdefault(tuple(body["untrusted_sources"]), []).append(body)
    return {
        "run": record.run,
        "parent": record.parent,
        "agent": record.agent,
        "agent_version": record.version,
        "environment": record.environment,
        "bundle": record.bundle,
        "requested_by": record.user,
        "groups": [{"untrusted_sources": [*key], "approvals": groups[key]} for key in sorted(groups)],
        "questions": [
            {"question": one.asked.question, "state": one.asked.state, "text": one.asked.text}
            for one in pending
            if isinstance(one, PendingQuestion)
        ],
    }


def _approval(one: PendingApproval, policy: PolicySet | None, rules: Mapping[str, str]) -> dict[str, Any]:
    requested = one.asked.requested
    shown: Any = trusted_json(requested.shown)
    origins: list[Any] = shown.get("origins", [])
    where = None if policy is None else forum_of(policy, one.started, requested)
    untrusted = {str(origin["source"] or origin["origin"]) for origin in origins if not origin["trusted"]}
    return {
        "approval": requested.approval,
        "requirement": requested.requirement,
        "state": requested.state,
        "call": requested.call,
        "subject": requested.subject,
        "why": requested.why,
        "rules": [{"id": rule, "at": rules.get(rule)} for rule in requested.rules],
        "shown": shown,
        "untrusted_sources": sorted(untrusted),
        "expires_ms": requested.expires_ms,
        "given": [
            {"by": given.by, "decision": given.decision, "asserted": given.asserted, "reason": given.reason}
            for given in one.asked.given
        ],
        "role": None if where is None else where.requirement.role,
        "count": None if where is None else max(1, where.requirement.count),
        "not_requester": None if where is None else where.requirement.not_requester,
        "may_answer": None if where is None else [*holders_of(where)],
    }


def _run_lines(run: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{run['run']}  {run['agent']} {run['agent_version']} in {run['environment']},"
        f" asked for by {one_line(run['requested_by'])}"
    )
    for group in run["groups"]:
        if group["untrusted_sources"]:
            yield f"  with values from {', '.join(one_line(name) for name in group['untrusted_sources'])}, untrusted"
        for approval in group["approvals"]:
            yield from _approval_lines(run["run"], approval)
    for question in run["questions"]:
        yield f"  {question['question']}  state {question['state']} asks: {one_line(question['text'])}"
        yield f"    answer      remitd runs answer {run['run']} TEXT"


def _approval_lines(run: str, body: dict[str, Any]) -> Iterator[str]:
    shown = body["shown"]
    resource = shown.get("resource")
    what = f"state {body['state']}"
    if "tool" in shown:
        on = "" if resource is None else f" on {resource['type']} {one_line(str(resource['id']))}"
        what = f"{one_line(str(shown['tool']))}{on}"
    yield f"  {body['approval']}  {body['requirement']}: {what}"
    if body["why"]:
        yield f"    because     {one_line(body['why'])}"
    for rule in body["rules"]:
        yield f"    rule        {rule['id']}" + ("" if rule["at"] is None else f" at {rule['at']}")
    if "tool" in shown:
        yield f"    arguments   {one_json(json_text(shown['arguments']))}"
    for origin in shown.get("origins", []):
        yield f"    origin      {one_line(_origin(origin))}"
    for name, value in {**shown.get("values", {}), **shown["evidence"]}.items():
        yield f"    shows       {one_line(name)}: {one_json(json_text(value))}"
    for name in shown["lacking"]:
        yield f"    lacks       {one_line(name)}, which has no value in this run"
    for given in body["given"]:
        why = f": {one_line(given['reason'])}" if given["reason"] else ""
        yield f"    {given['decision']:<11} {one_line(given['by'])}{' (asserted)' if given['asserted'] else ''}{why}"
    yield f"    until       {when(body['expires_ms'])}"
    yield f"    may answer  {_who(body)}"
    yield f"    answer      remitd runs approve|deny {run} {body['approval']}"


def _origin(origin: dict[str, Any]) -> str:
    source = f" from {origin['source']}" if origin["source"] else ""
    field = f" {origin['field']}" if origin["field"] else ""
    expression = f", {origin['expression']}" if origin["expression"] else ""
    trust = "" if origin["trusted"] else ", untrusted"
    return f"{origin['path']}: {origin['origin']}{source}{field}{expression}{trust}"


def _who(body: dict[str, Any]) -> str:
    if body["may_answer"] is None:
        return "unknown: the bundle of the run is not on this machine"
    people = ", ".join(body["may_answer"]) or "nobody: no team gives the role"
    besides = ", but not who asked for the run" if body["not_requester"] else ""
    return f"{body['count']} of role {body['role']}: {people}{besides}"


def _rule_places(places: SourceMap | None) -> Mapping[str, str]:
    if places is None:
        return {}
    return {place.id: f"{place.path}:{place.line}" for place in places.places}
