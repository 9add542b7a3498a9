"""A run whose call needs people: an agent, a policy that asks, teams, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from remit_runtime.bundle.graph import (
    CallEdge,
    CallState,
    DecideState,
    EndState,
    ObjectOf,
    Reference,
    Route,
    State,
    ToolState,
)
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import ApprovalRequirement, Member, TeamIR
from remit_runtime.canonical import Digest
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.journal.events import RunEvent
from remit_runtime.models.json_text import json_text
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import Answered, Decision, Desk, Signer, answer_approval
from remit_runtime.run.result import RunResult

START_MS = 1_795_000_000_000
RUN = "run_1"
SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
TEAM = TeamIR(
    "people",
    (
        Member("os:ada", ("owner",)),
        Member("os:bob", ("owner",)),
        Member("os:eve", ("reader",)),
        Member("github:acme/owners", ("owner",)),
    ),
)


def requirement(count: int = 1, seconds: int = 3600, **changes: Any) -> ApprovalRequirement:
    """The requirement `owner`: people of the role `owner`, not who asked."""
    evidence: tuple[str, ...] = changes.get("evidence", ())
    not_requester: bool = changes.get("not_requester", True)
    return ApprovalRequirement("owner", "owner", count, seconds, not_requester, evidence)


@dataclass
class Clock:
    """Milliseconds since the epoch, as a test says."""

    now_ms: int = START_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class World:
    """A bundle with the agent acme.digest, a runtime, and the people who answer."""

    runtime: Runtime
    bundle: VerifiedBundle
    repository: Path
    clock: Clock
    model: ScriptedModel | None = None
    user: str = "os:root"
    extra: dict[str, Any] = field(default_factory=dict[str, Any])

    def start(self) -> RunResult:
        """What a new run has come to."""
        request = InvokeRequest(
            "acme.digest",
            {"since": "v1"},
            self.user,
            workspaces={"repository": self.repository},
            model=self.model,
        )
        return invoke(self.runtime, self.bundle, request)

    def resume(self, run: str = RUN) -> RunResult:
        """What the run has come to after it was taken up."""
        return resume(self.runtime, self.bundle, run, self.model)

    @property
    def desk(self) -> Desk:
        return Desk(self.runtime.journal, self.runtime.home, self.clock, self.bundle.policy())

    def answer(
        self,
        principal: str,
        decision: Decision = "approved",
        approval: str | None = None,
        proof: Any = "uid",
        reason: str = "",
        run: str = RUN,
    ) -> Answered:
        """An answer of somebody."""
        return answer_approval(self.desk, run, approval, decision, Signer(Person(principal, proof)), reason)

    def events(self, run: str = RUN) -> list[RunEvent]:
        return [stored.event for stored in self.runtime.journal.events(run)]

    def count(self, kind: type, run: str = RUN) -> int:
        return sum(isinstance(event, kind) for event in self.events(run))

    def last(self, kind: type[Any], run: str = RUN) -> Any:
        """The last event of a kind."""
        return [event for event in self.events(run) if isinstance(event, kind)][-1]

    def sql(self, statement: str, *values: object) -> None:
        """Changes the journal behind its back, with its triggers gone."""
        db = self.runtime.journal._db  # pyright: ignore[reportPrivateUsage]
        for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute(statement, values)


class MakeWorld(Protocol):
    def __call__(
        self,
        states: Sequence[State] | None = ...,
        *,
        asks: ApprovalRequirement = ...,
        others: tuple[ApprovalRequirement, ...] = ...,
        approvals: tuple[str, ...] = ...,
        model: ScriptedModel | None = ...,
        recovery: str = ...,
        agents: tuple[Any, ...] = ...,
        **agent: Any,
    ) -> World: ...


LOG = ToolState(
    "log", "git.log", ObjectOf((("since", Reference("task", ("since",))),)), "done", "no", None, None
)
ENDS = (EndState("done", "succeeded", Reference("log"), ()), EndState("no", "rejected", None, ()))


def scripted(*decisions: object) -> ScriptedModel:
    values: Any = {"version": 0, "decisions": [*decisions]}
    return ScriptedModel(parse_script(json_text(values).encode()))


@pytest.fixture
def loop(prompt: Digest, schema_digest: Callable[[object], Digest]) -> tuple[State, ...]:
    """The states that the form `loop` lowers to, with git.log as the only tool."""
    work = DecideState(
        "work",
        prompt,
        (CallEdge("git.log", "work__git_log"),),
        (),
        schema_digest(SUMMARY),
        None,
        (Route("done"),),
        None,
        None,
    )
    done = EndState("done", "succeeded", Reference("work"), ())
    return (work, CallState("work__git_log", "git.log", "work"), done)


def _world(make: Any, make_runtime: Any, hand: Any, repository: Path) -> MakeWorld:
    tool, agent_of, people = hand

    def world(
        states: Sequence[State] | None = None,
        *,
        asks: ApprovalRequirement | None = None,
        others: tuple[ApprovalRequirement, ...] = (),
        approvals: tuple[str, ...] = ("owner",),
        model: ScriptedModel | None = None,
        recovery: str = "idempotent",
        agents: tuple[Any, ...] = (),
        **agent: Any,
    ) -> World:
        log = tool(
            "git.log",
            ("git", "log", "--format=%h %s", "{since}..HEAD"),
            {"since": {"type": "string"}},
            recovery=recovery,
            approvals=approvals,
        )
        files = tool("git.ls_files", ("git", "ls-files"))
        first = agent_of(
            "acme.digest",
            tuple(states or (LOG, *ENDS)),
            ("git.log", "git.ls_files"),
            asks=model is not None,
            **agent,
        )
        requirements = (requirement() if asks is None else asks, *others)
        release = make([first, *agents], (log, files), people(requirements, (TEAM,)))
        clock = Clock()
        return World(make_runtime(release.home, clock), release.open(), repository, clock, model)

    return world


@pytest.fixture
def hand(hand_tool: Any, hand_agent: Any, hand_people: Any) -> Any:
    return hand_tool, hand_agent, hand_people


@pytest.fixture
def make_world(make_release: Any, make_runtime: Any, hand: Any, repository: Path) -> MakeWorld:
    """`make_world(states)`: in `dev`; without states one call of git.log, for which people are asked."""
    return _world(make_release, make_runtime, hand, repository)


@pytest.fixture
def make_signed_world(make_production: Any, make_runtime: Any, hand: Any, repository: Path) -> MakeWorld:
    """The same in `production`."""
    return _world(make_production, make_runtime, hand, repository)


@pytest.fixture
def script() -> Callable[..., ScriptedModel]:
    """`script(decision, ...)`: a model that decides so."""
    return scripted


@pytest.fixture
def ask() -> Callable[..., ApprovalRequirement]:
    """`ask(count, seconds)`: the requirement `owner`."""
    return requirement
