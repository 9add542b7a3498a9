"""State graphs of 10 to 30 states: every state is reached, leads to an end, refers to what every way to it has set.

A graph is a spine of states with ways back that are bounded. A write stands right behind an approval, and no way back
leads between the two.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from shared_names import tool_id

EXPLAINER_CALLS = 60
"""The most that an explainer takes of its parent's model calls."""


class Drawn(NamedTuple):
    """A graph, and what its agent has to know: the most it can take, and what its prompts may refer to."""

    text: str
    steps: int
    model_calls: int
    tool_calls: int
    has_memory: bool
    has_own_prompt: bool
    first_reads: tuple[str, ...]
    used: frozenset[int]


@dataclass
class _Spine:
    """What has been drawn so far: lines, what is certainly set, and the counts of the worst run."""

    rng: random.Random
    task: Sequence[str]
    reads: Iterator[int]
    used: set[int]
    lines: list[str] = field(default_factory=list[str])
    read_states: list[str] = field(default_factory=list[str])
    model_states: list[str] = field(default_factory=list[str])
    floor: int = 0
    steps: int = 0
    model_calls: int = 0
    tool_calls: int = 0


def draw(
    rng: random.Random,
    *,
    states: int,
    reads: Sequence[int],
    effects: Sequence[int],
    explainer: str | None,
    task: Sequence[str],
    own_prompt: bool,
    has_memory: bool,
) -> Drawn:
    """A graph over some tools; a short one may not use all that read."""
    plan = _plan(rng, states, len(reads), len(effects), explainer is not None, has_memory)
    used = set(effects)
    spine = _Spine(rng, task, _in_turn(reads, used), used)
    writing = iter(effects)
    own_prompt = own_prompt and "read" in plan[:4]
    for number, kind in enumerate(plan):
        onward = f"s{number + 1}" if number + 1 < len(plan) else "done"
        match kind:
            case "context":
                _plain(spine, number, f"type: context, next: {onward}")
            case "memory":
                _plain(spine, number, f"type: memory, read: guidelines, next: {onward}")
            case "read":
                _read(spine, number, onward)
            case "check":
                _check(spine, number, onward)
            case "approval":
                _approval(spine, number, onward)
            case "write":
                _write(spine, number, onward, next(writing))
            case "handoff":
                _handoff(spine, number, onward, str(explainer))
            case _:
                _model(spine, number, onward, len(reads), own_prompt and len(spine.read_states) >= 1)
    return Drawn(
        _text(spine, bool(effects)),
        spine.steps + 10,
        spine.model_calls,
        spine.tool_calls,
        has_memory,
        own_prompt,
        tuple(spine.read_states[:1]),
        frozenset(used),
    )


def _plan(
    rng: random.Random, states: int, reads: int, effects: int, hands_off: bool, has_memory: bool
) -> list[str]:
    """The kinds of the spine's states, in their order; two or three ends come behind them."""
    room = states - 5 - 3 * effects - hands_off - has_memory
    groups = [["read"], ["model"]] if reads else [["model"]]
    kinds = ("read", "read", "model", "model", "check") if reads else ("model", "model", "check")
    groups += [[rng.choice(kinds)] for _ in range(max(room, 1))]
    if hands_off:
        groups.append(["handoff"])
    for _ in range(effects):
        groups.insert(rng.randint(len(groups) // 2, len(groups)), ["model", "approval", "write"])
    return ["context", *(["memory"] if has_memory else []), *chain(*groups), "model"]


def _in_turn(tools: Sequence[int], used: set[int]) -> Iterator[int]:
    while tools:
        for tool in tools:
            used.add(tool)
            yield tool


def _plain(spine: _Spine, number: int, keys: str) -> None:
    spine.lines.append(f"    s{number}: {{{keys}}}")
    spine.steps += 1


def _read(spine: _Spine, number: int, onward: str) -> None:
    tool = next(spine.reads)
    args = (
        '{repo: "${task.repo}", number: "${task.number}"}'
        if tool % 3 == 0
        else f'{{query: "{_query(spine)}"}}'
    )
    spine.lines += [
        f"    s{number}:",
        "      type: tool",
        f"      tool: {tool_id(tool)}",
        f"      args: {args}",
        "      next:",
        f"        ok: {onward}",
        "        denied: failed",
        "        error: failed",
    ]
    spine.read_states.append(f"s{number}")
    spine.steps += 1
    spine.tool_calls += 1


def _query(spine: _Spine) -> str:
    return f"${{{spine.model_states[-1]}.note}}" if spine.model_states else "${task.base}"


def _model(spine: _Spine, number: int, onward: str, tools: int, own_prompt: bool) -> None:
    visits = spine.rng.randint(2, 4)
    offered = dict.fromkeys(next(spine.reads) for _ in range(min(tools, 2)))
    spine.lines += [f"    s{number}:", "      type: model"]
    if own_prompt:
        spine.lines.append("      prompt: prompts/decide.md")
    elif spine.model_states and spine.rng.random() < 0.2:
        spine.lines.append(
            f'      prompt: {{text: "Look again at what was noted: {{{{ {spine.model_states[-1]}.note }}}}"}}'
        )
    if offered:
        spine.lines.append(f"      tools: [{', '.join(map(tool_id, offered))}]")
    back = f"s{spine.rng.randint(max(spine.floor, number - 4), number)}"
    spine.lines += [
        "      decides: {verdict: string, note: string}",
        f"      max_visits: {visits}",
        "      next:",
        "        - when: {verdict: retry}",
        f"          to: {back}",
        f"        - to: {onward}",
        "      exhausted: failed",
        "      error: failed",
    ]
    spine.model_states.append(f"s{number}")
    # Whatever lies between is done again with every visit.
    spine.steps += visits * 6
    spine.model_calls += visits * 4
    spine.tool_calls += visits * 5


def _check(spine: _Spine, number: int, onward: str) -> None:
    spine.lines += [
        f"    s{number}:",
        "      type: check",
        f'      values: {{note: "${{{spine.model_states[-1]}.note}}"}}',
        "      schema: {note: string}",
        f"      next: {{passed: {onward}, failed: failed}}",
    ]
    spine.steps += 1


def _approval(spine: _Spine, number: int, onward: str) -> None:
    spine.lines += [
        f"    s{number}:",
        "      type: approval",
        "      approval: review",
        f"      show: [{spine.model_states[-1]}.note]",
        f"      next: {{approved: {onward}, denied: rejected, expired: rejected}}",
    ]
    spine.steps += 1


def _write(spine: _Spine, number: int, onward: str, tool: int) -> None:
    spine.lines += [
        f"    s{number}:",
        "      type: tool",
        f"      tool: {tool_id(tool)}",
        "      args:",
        '        repo: "${task.repo}"',
        '        number: "${task.number}"',
        f'        body: "${{{spine.model_states[-1]}.note}}"',
        f"      next: {{ok: {onward}, denied: rejected, error: failed}}",
    ]
    spine.floor = number + 1
    spine.steps += 1
    spine.tool_calls += 1


def _handoff(spine: _Spine, number: int, onward: str, explainer: str) -> None:
    spine.lines += [
        f"    s{number}:",
        "      type: handoff",
        f"      agent: {explainer}",
        "      task: explain",
        f'      input: {{text: "${{{spine.model_states[-1]}.note}}"}}',
        f"      next: {{ok: {onward}, failed: failed}}",
    ]
    spine.floor = number + 1
    spine.steps += 1
    spine.model_calls += EXPLAINER_CALLS


def _text(spine: _Spine, writes: bool) -> str:
    last = spine.model_states[-1]
    output = f'{{verdict: "${{{last}.verdict}}", summary: "${{{last}.note}}", findings: []}}'
    return "\n".join(
        [
            "apiVersion: remit/v1",
            "kind: Graph",
            "spec:",
            "  start: s0",
            "  states:",
            *spine.lines,
            f"    done: {{type: end, outcome: succeeded, output: {output}}}",
            *(["    rejected: {type: end, outcome: rejected}"] if writes else []),
            "    failed: {type: end, outcome: failed}",
            "",
        ]
    )
