"""Questions 1 to 3: which agent, who asked, for what."""

from __future__ import annotations

from collections.abc import Iterator

from remit_runtime.journal.family import Family
from remit_runtime.models.json_text import Json
from remit_runtime.run.explain.fact import Fact, Wording, fact
from remit_runtime.run.wording import when


def agent(of: Family, _said: Wording) -> Iterator[Fact]:
    """Which agent it was."""
    started = of.started
    child = "" if started.parent is None else f", as a child of run {started.parent}"
    yield fact(
        of,
        of.events[0],
        f"agent `{started.agent}` {started.version} (closure {started.closure}) of the bundle {started.bundle},"
        f" in the environment `{started.environment}`{child}",
        agent=started.agent,
        agent_version=started.version,
        closure=started.closure,
        bundle=started.bundle,
        environment=started.environment,
        parent=started.parent,
    )


def asker(of: Family, said: Wording) -> Iterator[Fact]:
    """Who asked for it."""
    started = of.started
    how = "asserted, not proved" if started.asserted_user else "proved"
    tenant = "for no tenant" if started.tenant is None else f"for the tenant `{said.line(started.tenant)}`"
    yield fact(
        of,
        of.events[0],
        f"`{said.line(started.user)}`, {how}, {tenant}",
        user=started.user,
        asserted=started.asserted_user,
        tenant=started.tenant,
    )


def task(of: Family, said: Wording) -> Iterator[Fact]:
    """What it was to do."""
    started = of.started
    places = "".join(f", workspace `{name}` at commit {commit}" for name, commit in started.workspaces)
    workspaces: dict[str, Json] = dict(started.workspaces)
    yield fact(
        of,
        of.events[0],
        f"task `{started.task}` with the input {said.json(started.input)}{places}, until {when(started.deadline_ms)}",
        task=started.task,
        input=started.input,
        workspaces=workspaces,
        deadline_ms=started.deadline_ms,
    )
