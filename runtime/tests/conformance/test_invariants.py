"""The twelve invariants by name, each held by a bundle as it should be and missed by one in which it is broken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.agent import LiteralText, PromptIR, Slot
from remit_runtime.bundle.graph import (
    CallEdge,
    CallState,
    Constant,
    DecideState,
    EndState,
    MemoryState,
    Reference,
    Route,
)
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import RedactPattern
from remit_runtime.canonical import Digest
from remit_runtime.cli import main
from remit_runtime.cli.conformance import reopened
from remit_runtime.conformance import calls, identity, limits
from remit_runtime.conformance.check import conformance
from remit_runtime.conformance.finding import Attempts, Finding
from remit_runtime.conformance.scene import Scene, begun, scene_of
from remit_runtime.gateway.redact import Redactor
from remit_runtime.journal.events import ModelIntended, RunEnded, ToolIntended

NOW = 1_795_000_000_000
SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
TOKEN = RedactPattern("secret", "github-token", r"\bghp_[A-Za-z0-9]{36,251}\b")
Make = Callable[..., VerifiedBundle]


@pytest.fixture
def made(
    make_release: Any,
    hand_agent: Any,
    hand_tool: Any,
    prompt: Digest,
    schema_digest: Callable[[object], Digest],
) -> Make:
    """`made(policy)`: a bundle of an agent that may read, and delete for good; what policy says of that is given."""

    def make(policy: str = "ask", **changes: Any) -> VerifiedBundle:
        log = hand_tool("git.log", ("git", "log"))
        delete = hand_tool("repo.delete", ("git", "rm"), policy=policy, effect="irreversible")
        edges = (CallEdge("git.log", "work__log"), CallEdge("repo.delete", "work__delete"))
        states = (
            DecideState(
                "work", prompt, edges, (), schema_digest(SUMMARY), None, (Route("done"),), None, None
            ),
            CallState("work__log", "git.log", "work"),
            CallState("work__delete", "repo.delete", "work"),
            EndState("done", "succeeded", Reference("work"), ()),
        )
        plain = hand_agent("acme.plain", (EndState("done", "succeeded", Constant("{}"), ()),), asks=False)
        agent = hand_agent("acme.digest", states, ("git.log", "repo.delete"), **changes)
        release = make_release([agent, plain], [log, delete], redact=(TOKEN,))
        bundle: VerifiedBundle = release.open()
        return bundle

    return make


@pytest.fixture
def scene(made: Make) -> Iterator[Scene]:
    with scene_of(made(), NOW) as opened:
        yield opened


def holds(finding: Finding) -> bool:
    assert finding.tried
    return finding.status == "holds"


def test_invariant_1_an_unknown_agent_cannot_run(scene: Scene) -> None:
    assert holds(identity.unknown_agent(scene))
    assert scene.journal.runs() == ()


def test_invariant_2_an_inactive_agent_cannot_run(scene: Scene, made: Make) -> None:
    assert holds(identity.inactive_agent(scene))
    with scene_of(made(lifecycle="retired"), NOW) as other:
        assert holds(identity.inactive_agent(other))


def test_invariant_3_no_unregistered_tool_is_called(scene: Scene) -> None:
    finding = calls.unregistered_tool(scene)
    assert holds(finding)
    events = [one.event for run in scene.runs for one in scene.journal.events(run)]
    assert not [one for one in events if isinstance(one, ToolIntended)]


def test_invariant_4_no_secret_reaches_a_model_or_the_journal(scene: Scene) -> None:
    assert holds(calls.no_secret(scene))
    asked = [one.event for run in scene.runs for one in scene.journal.events(run)]
    assert [one.model for one in asked if isinstance(one, ModelIntended)] == ["dev"]


def test_invariant_4_is_not_proven_where_nothing_says_what_a_secret_looks_like(scene: Scene) -> None:
    object.__setattr__(scene.gateway, "patterns", Redactor())
    assert calls.no_secret(scene).status == "not_proven"


def test_invariant_5_memory_is_not_written_without_policy(
    scene: Scene, make_release: Any, hand_agent: Any
) -> None:
    assert identity.memory_write(scene).status == "not_applicable"
    states = (
        MemoryState("keep", "write", "org.notes", Constant('"x"'), "done", None),
        EndState("done", "succeeded", Constant("{}"), ()),
    )
    keeper = hand_agent("acme.keeper", states, asks=False, duties=("memory",))
    with scene_of(make_release([keeper]).open(), NOW) as other:
        assert holds(identity.memory_write(other))


def test_invariant_6_nothing_irreversible_happens_without_the_approval_that_policy_requires(
    scene: Scene,
) -> None:
    finding = calls.irreversible(scene)
    assert holds(finding)
    assert finding.tried == 2


def test_invariant_6_is_violated_by_a_policy_that_asks_nobody(made: Make) -> None:
    with scene_of(made("permit"), NOW) as other:
        finding = calls.irreversible(other)
    assert finding.status == "violated"
    assert "policy allows agent `acme.digest` the irreversible `repo.delete`" in finding.reasons[0]


def test_invariant_7_no_loop_passes_its_budget(scene: Scene) -> None:
    assert holds(limits.budget(scene))


def test_invariant_8_nothing_happens_after_the_kill_switch(scene: Scene) -> None:
    assert holds(limits.kill_switch(scene))
    assert scene.journal.switches() == ()


def test_invariant_9_what_a_tool_gives_is_untrusted(scene: Scene) -> None:
    assert holds(calls.untrusted_output(scene))


def test_invariant_9_is_violated_by_a_prompt_that_trusts_a_tool(scene: Scene) -> None:
    agent = scene.bundle.agent("acme.digest")
    trusting = PromptIR((LiteralText("Read: "), Slot(Reference("work", ("items", "0")), trusted=True)))
    attempts = Attempts()
    calls._fenced(scene, attempts, agent, "work", trusting)  # pyright: ignore[reportPrivateUsage]
    assert attempts.violated
    fenced = PromptIR((LiteralText("Read: "), Slot(Reference("work", ("items", "0")), trusted=False)))
    attempts = Attempts()
    calls._fenced(scene, attempts, agent, "work", fenced)  # pyright: ignore[reportPrivateUsage]
    assert (attempts.violated, attempts.tried) == ([], 1)


def test_invariant_10_every_act_has_its_row_in_the_audit(scene: Scene) -> None:
    calls.irreversible(scene)
    limits.kill_switch(scene)
    assert holds(limits.audit(scene))


def test_invariant_11_every_production_version_has_a_baseline(
    scene: Scene, tiny_production: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMIT_HOME", str(tiny_production.home))
    production: VerifiedBundle = tiny_production.open()

    def without_results() -> VerifiedBundle:
        return reopened(tiny_production.path, "production")

    assert identity.eval_baseline(scene.bundle, without_results).status == "not_applicable"
    assert holds(identity.eval_baseline(production, without_results))
    assert identity.eval_baseline(production, lambda: production).status == "violated"


def test_invariant_12_every_run_has_one_terminal_state(scene: Scene) -> None:
    limits.kill_switch(scene)
    assert holds(limits.terminal_state(scene))
    ends = [
        [one for one in scene.journal.events(run) if isinstance(one.event, RunEnded)] for run in scene.runs
    ]
    assert {len(one) for one in ends} == {1}


def test_a_run_of_another_clock_does_not_end_by_itself(scene: Scene) -> None:
    run = begun(scene, scene.bundle.agent("acme.plain")).run
    scene.journal.sweep(scene.runtime.owner)
    assert scene.journal.read(run).status == "running"


def test_all_twelve_are_tried_and_nothing_is_left_behind(made: Make, tmp_path: Path) -> None:
    bundle = made()
    before = sorted(path.name for path in tmp_path.rglob("*"))
    found = conformance(bundle, NOW, lambda: bundle)
    assert [one.number for one in found] == list(range(1, 13))
    assert {one.status for one in found} == {"holds", "not_applicable"}
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("policy", "code"), [("ask", 0), ("silent", 0), ("permit", 1)])
def test_the_command_exits_with_what_it_found(
    made: Make,
    tiny_bundle: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    policy: str,
    code: int,
) -> None:
    made(policy)
    monkeypatch.setenv("REMIT_HOME", str(tiny_bundle.home))
    assert main(["conformance", str(tiny_bundle.path), "--format", "json"]) == code
    body = json.loads(capsys.readouterr().out)
    assert body["version"] == 1
    assert len(body["invariants"]) == 12
    assert main(["conformance", str(tiny_bundle.path)]) == code
    said = capsys.readouterr().out
    assert (" 6  violated" in said) == (code == 1)
    assert not (tiny_bundle.home / "journal.sqlite").exists()
