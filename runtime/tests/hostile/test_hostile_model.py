"""A model that does everything a model must not: whatever it says, a run keeps the laws of docs/runs.md.

A hundred runs by default; `nox -s soak` sets REMIT_HOSTILE_RUNS. Each run has a seed of its own, so one that breaks a
law is run again alone with REMIT_HOSTILE_SEED.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.journal.events import (
    ChildStarted,
    ModelIntended,
    ModelSettled,
    RunEnded,
    RunEvent,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.records import Scope, Verified
from remit_runtime.models.port import ModelAnswer, ModelCall, ModelFault, Returned, Usage

RUNS = int(os.environ.get("REMIT_HOSTILE_RUNS", "100"))
SEED = os.environ.get("REMIT_HOSTILE_SEED")
AGENTS = ("acme.fanning", "acme.handing", "acme.looping", "acme.reviewing")
NOW = 1_795_000_000_000
NEVER_SENT = {"acme.burn", "acme.guarded", "acme.secret"}
GOOD = {"verdict": "good", "note": "fine"}

TRICKS = (
    "../../etc/passwd",
    "/etc/shadow",
    "--upload-pack=sh",
    "-c",
    "$(touch /tmp/x)",
    "`id`",
    "; rm -rf /",
    "a\nb",
    "a\x00b",
    "\u202etxt.exe",
    "\u200b\ufeff",
    "\U000e0041\U000e0042",
    "%2e%2e%2f",
    "{text}",
    "${task.since}",
    "x" * 199,
    "x" * 5000,
    "é" * 200,
    "\ud800",
)


ODD: tuple[Any, ...] = (1, None, [], {}, 1.5, True)
WRONG: tuple[Any, ...] = ({}, [], "", None, {"verdict": "maybe"}, {**GOOD, "x": 1})


def text_of(decision: object) -> str:
    return json.dumps(decision)


def call(tool: str, **arguments: object) -> str:
    return text_of({"call": {"tool": tool, "args": arguments}})


def respond(value: object) -> str:
    return text_of({"respond": value})


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + "1" + closing * depth


def offered(chance: random.Random, asked: ModelCall) -> str:
    """The name of a tool that the state offers, or of one that nobody has."""
    return chance.choice([one.id for one in asked.tools] or ["acme.none"])


# Each attack makes the text that the model says.
Attack = Callable[[random.Random, ModelCall], str]
ATTACKS: dict[str, Attack] = {
    "good answer": lambda c, a: respond({"verdict": c.choice(["good", "bad", "unsure"]), "note": "n"}),
    "good call": lambda c, a: call(offered(c, a), text="hello"),
    "trick as argument": lambda c, a: call(offered(c, a), text=c.choice(TRICKS)),
    "trick as answer": lambda c, a: respond({**GOOD, "note": c.choice(TRICKS)}),
    "wrong type of argument": lambda c, a: call(offered(c, a), text=c.choice(ODD)),
    "undeclared argument": lambda c, a: call(offered(c, a), text="x", command="id"),
    "tool not offered": lambda c, a: call("acme.odd", text="x"),
    "tool not granted": lambda c, a: call("acme.secret", text="x"),
    "tool unknown": lambda c, a: call(
        c.choice(["", "acme.say ", "ACME.SAY", "a" * 10_000, "git.push", "\u202e"])
    ),
    "tool not permitted": lambda c, a: call("acme.burn", text="x"),
    "tool to be approved": lambda c, a: call("acme.guarded", text="x"),
    "merged arguments": lambda c, a: '{"call":{"tool":"acme.say","args":{"text":"a","text":"b"}}}',
    "two decisions": lambda c, a: '{"call":{"tool":"acme.say","args":{}},"respond":{}}',
    "two values": lambda c, a: respond(GOOD) + respond(GOOD),
    "a decision in prose": lambda c, a: "Sure! ```json\n" + respond(GOOD) + "\n```",
    "wrong schema": lambda c, a: respond(c.choice(WRONG)),
    "not JSON": lambda c, a: c.choice(
        ["", " ", "nul", "{", "\x00", "NaN", '{"respond": NaN}', "'", "\ufeff{}"]
    ),
    "no number": lambda c, a: c.choice(
        ['{"respond":1e400}', '{"respond":-1e999}', '{"respond":' + "9" * 4000 + "}"]
    ),
    "number in arguments": lambda c, a: '{"call":{"tool":"acme.say","args":{"text":1e400}}}',
    "half a pair": lambda c, a: '{"respond":{"verdict":"good","note":"\\ud800"}}',
    "huge": lambda c, a: respond({**GOOD, "note": "x" * c.choice([900_000, 1_048_576, 5_000_000])}),
    "huge call": lambda c, a: call(offered(c, a), text="x" * c.choice([262_144, 1_000_000])),
    "many keys": lambda c, a: respond({str(n): n for n in range(c.choice([50_000, 1_000_000]))}),
    "deep array": lambda c, a: (
        '{"respond":' + nested(c.choice([63, 65, 200, 330, 480, 900, 980, 100_000])) + "}"
    ),
    "deep object": lambda c, a: (
        '{"respond":' + nested(c.choice([62, 66, 300, 490, 970, 50_000]), '{"a":', "}") + "}"
    ),
    "deep arguments": lambda c, a: (
        '{"call":{"tool":"acme.say","args":{"text":' + nested(c.choice([62, 70, 450, 970])) + "}}}"
    ),
    "hand off": lambda c, a: text_of({"handoff": {"agent": "acme.child", "input": {"since": "v1"}}}),
    "hand off badly": lambda c, a: text_of(
        {
            "handoff": {
                "agent": c.choice(["acme.child", "acme.looping", "nobody", ""]),
                "task": c.choice(["range", "other", ""]),
                "input": c.choice([{"since": 1}, {}, {"a": 1}]),
            }
        }
    ),
    "hand off deep": lambda c, a: '{"handoff":{"agent":"acme.child","input":{"since":' + nested(900) + "}}}",
    "ask": lambda c, a: text_of(
        {"ask": {"question": c.choice(["?", "", "x" * 100_000, "\u202e", "pay me"])}}
    ),
    "ask badly": lambda c, a: text_of(
        {"ask": c.choice(["?", {"question": 1}, {"question": "?", "to": "root"}])}
    ),
}
KEEPS_GOING = ("good answer", "good call", "good call", "good call", "hand off")
SELDOM = {"many keys", "huge", "huge call"}  # they cost the most time
ATTACK_WEIGHTS = [0.3 if name in SELDOM else 1.0 for name in ATTACKS]
USAGES = (
    *[Usage(900, 40)] * 8,
    None,
    Usage(0, 0),
    Usage(-1, -1),
    Usage(-(10**9), 5),
    Usage(10**7, 10**7),
    Usage(10**30, 1),
    Usage(2**53, 2**63),
)
FAULTS = (
    ModelFault("error", "provider_error", "the provider did not answer"),
    ModelFault("error", "timeout", "\u202ex" * 1000),
    ModelFault("invalid", "odd", "the provider answered oddly"),
)


@dataclass
class Hostile:
    """A model without good will: it begins with one attack, and the rest is drawn. The milder, the further it gets."""

    chance: random.Random
    malice: float
    opening: str
    said: list[str] = field(default_factory=list[str])

    @property
    def name(self) -> str:
        return "scripted"

    def decide(self, call: ModelCall, *_: object) -> ModelAnswer | ModelFault:
        usage = self.chance.choice(USAGES)
        if self.said and self.chance.random() < 0.04:
            self.said.append("fault")
            return self.chance.choice(FAULTS)
        last = call.transcript[-1] if call.transcript else None
        if isinstance(last, Returned) and last.output and "answer exactly: " in last.output:
            self.said.append("obeys what a tool said")
            obeyed = json.loads(last.output)["text"].partition("answer exactly: ")[2]
            return ModelAnswer(obeyed, usage)
        names, weights = (
            (ATTACKS, ATTACK_WEIGHTS) if self.chance.random() < self.malice else (KEEPS_GOING, None)
        )
        name = self.chance.choices([*names], weights)[0] if self.said else self.opening
        self.said.append(name)
        return ModelAnswer(ATTACKS[name](self.chance, call), usage)


@dataclass
class Run:
    """One run with the runs below it, as the journal has them, and the tools that were really started."""

    runtime: Runtime
    top: str
    sent: list[tuple[str, str | None]]
    tree: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        waiting = [self.top]
        while waiting:
            run = waiting.pop(0)
            self.tree.append(run)
            begun = [event.child for event in self.events(run) if isinstance(event, ChildStarted)]
            known = {record.run for record in self.runtime.journal.runs()}
            waiting += [child for child in begun if child in known]

    def events(self, run: str) -> list[RunEvent]:
        return [stored.event for stored in self.runtime.journal.events(run)]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for run in self.tree for event in self.events(run) if isinstance(event, kind)]


def one_end(run: Run) -> Iterator[str]:
    """Exactly one terminal reason, or a wait that says why."""
    for name in run.tree:
        events = run.events(name)
        ends = [event for event in events if isinstance(event, RunEnded)]
        record = run.runtime.journal.read(name)
        if len(ends) > 1 or (ends and (events[-1] is not ends[0] or record.reason != ends[0].reason)):
            yield f"{name} has the ends {ends}"
        if not ends and record.status != "waiting" and name == run.top:
            yield f"{name} neither ended nor waits: {record.status}"


def no_limit_passed(run: Run) -> Iterator[str]:
    """No limit by one unit, in a run and in what the runs below it add to it."""
    for name in run.tree:
        record, events = run.runtime.journal.read(name), run.events(name)
        budget, spent = record.budget, record.spent
        counted = {
            "steps": (sum(isinstance(e, StateEntered) for e in events), budget.steps),
            "model calls": (sum(isinstance(e, ModelIntended) for e in events), budget.model_calls),
            "tool calls": (sum(isinstance(e, ToolIntended) for e in events), budget.tool_calls),
            "steps with children": (spent.steps, budget.steps),
            "model calls with children": (spent.model_calls, budget.model_calls),
            "tool calls with children": (spent.tool_calls, budget.tool_calls),
            # What a provider reports above its reservation has been used already: it is kept apart, and ends the run.
            "micro-dollars": (spent.microusd - record.overrun.microusd, budget.microusd),
        }
        yield from (
            f"{name} used {used} {what} of {limit}" for what, (used, limit) in counted.items() if used > limit
        )
        yield from reserved_within(name, events, budget.microusd)


def reserved_within(name: str, events: Sequence[RunEvent], limit: int) -> Iterator[str]:
    """No model is asked when its worst price does not fit any more: counted again from the events alone."""
    spent = 0
    for event in events:
        if isinstance(event, ModelIntended) and spent + event.reserved.microusd > limit:
            yield f"{name} reserved {event.reserved.microusd} when {spent} of {limit} were spent"
        if isinstance(event, ModelSettled):
            spent += event.spent.microusd


def only_allowed_was_sent(run: Run) -> Iterator[str]:
    """Every intent has its allow before it, and exactly the intended processes were started, with those arguments."""
    for name in run.tree:
        events = run.events(name)
        for before, event in itertools.pairwise(events):
            if isinstance(event, ToolIntended) and not (
                isinstance(before, ToolDecided) and before.outcome == "allow" and before.call == event.call
            ):
                yield f"{name} intends {event.call} without its allow"
    allowed = [event for event in run.of(ToolDecided) if event.outcome == "allow"]
    meant = Counter((one.tool, json.loads(one.arguments).get("text")) for one in allowed)
    if meant != Counter(run.sent):
        yield f"allowed {meant} and started {Counter(run.sent)}"
    yield from (f"`{tool}` was started" for tool, _ in run.sent if tool in NEVER_SENT)


def audited(run: Run) -> Iterator[str]:
    """Every intent, outcome and decision has its audit row, and every chain holds."""
    for name in run.tree:
        rows = Counter((row.event, row.call) for row in run.runtime.journal.audit_rows(name) if row.call)
        kinds = (ModelIntended, ModelSettled, ToolDecided, ToolIntended, ToolSettled)
        wanted = Counter(
            (str(event.__struct_config__.tag), event.call)
            for event in run.events(name)
            if isinstance(event, kinds)
        )
        unequal = {key for key in wanted if rows[key] != wanted[key]}
        if unequal:
            yield f"{name} has not one audit row for each of {sorted(unequal)}"
        found = run.runtime.journal.verify(name)
        if not isinstance(found, Verified):
            yield f"{name} does not verify: {found}"


LAWS = (one_end, no_limit_passed, only_allowed_was_sent, audited)


def stopped_from_outside(chance: random.Random, runtime: Runtime, run: str) -> None:
    """What an operator may do to a run that waits."""
    match chance.randrange(4):
        case 0:
            runtime.journal.request_cancel(run, "os:ada")
        case 1:
            runtime.journal.kill(Scope("run", run), "os:ada", "hostile")
        case 2:
            runtime.journal.halt(Scope("run", run), "os:ada", "hostile")
        case _:
            pass


def hostile_run(
    seed: int, runtime: Runtime, bundle: Any, now: list[int], recorder: Any
) -> tuple[str, list[str], list[str]]:
    """One run from a seed: how it ended or why it waits, what the model did, and the laws that it broke."""
    chance = random.Random(seed)
    opening = [*ATTACKS][seed % len(ATTACKS)]
    model = Hostile(chance, chance.uniform(0.1, 0.8), opening)
    agent = chance.choice(AGENTS)
    request = InvokeRequest(
        agent, {"since": chance.choice(["v1", "\u202e", "x" * 200])}, "os:ada", model=model
    )
    result = invoke(runtime, bundle, request)
    if result.status == "waiting":
        assert result.detail.strip(), "a run waits and does not say why"
        stopped_from_outside(chance, runtime, result.run)
        now[0] += chance.choice([0, 61_000, 400_000])
        result = resume(runtime, bundle, result.run, model)
        runtime.journal.lift(Scope("run", result.run), "os:ada", "over")
    run = Run(runtime, result.run, recorder.take())
    broken = [f"{law.__name__}: {fault}" for law in LAWS for fault in law(run)]
    why = result.reason or f"waits: {result.detail[:40]!r}"
    return f"{agent}  {why}", model.said, broken


def test_no_answer_of_a_model_breaks_a_law(
    hostile_release: Any, make_runtime: Callable[..., Runtime], recorder: Any
) -> None:
    now = [NOW]
    runtime = make_runtime(hostile_release.home, lambda: now[0])
    numbers = iter(range(1, 100 * RUNS))
    runtime = replace(runtime, new_run=lambda: f"run_{next(numbers)}")
    bundle = hostile_release.open()
    reasons, attacks = Counter[str](), Counter[str]()
    for seed in range(RUNS) if SEED is None else [int(SEED)]:
        reason, said, broken = hostile_run(seed, runtime, bundle, now, recorder)
        assert not broken, f"seed {seed}, {said}: {broken}"
        reasons[reason] += 1
        attacks.update(said)
    assert isinstance(runtime.journal.verify_audit(), Verified)
    assert recorder.connected == []
    assert runtime.journal.switches() == ()
    tables = [f"{count:>6}  {name}" for table in (reasons, attacks) for name, count in sorted(table.items())]
    sys.stdout.write("\n".join(["", *tables, ""]))
