"""The agents of the synthetic repository, each with its state graph and its prompts.

Six of ten only read; the others also write, each write behind an approval. Every twentieth explains findings to others,
and uses no tool; one of eight hands a finding to one of those.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from shared_names import (
    RISKS,
    SHARED_TOOLS,
    Files,
    agent_id,
    folder,
    generator,
    paragraph,
    sentence,
    team,
    tool_id,
    writes,
)
from synthetic_graphs import Drawn, draw

EVERY_EXPLAINER = 20


class Grants(NamedTuple):
    """The tools of an agent, by their numbers."""

    reads: tuple[int, ...]
    effects: tuple[int, ...]
    denied: tuple[int, ...]


def is_explainer(i: int) -> bool:
    """Whether an agent explains findings."""
    return i % EVERY_EXPLAINER == 0


def agent_files(seed: int, i: int, tools: int, suites: int) -> Files:
    """The definition of an agent, its graph and its prompts; `suites` agents, the first, have an eval suite."""
    rng = generator(seed, "agent", i)
    grants = _grants(rng, i, tools)
    drawn = draw(
        rng,
        states=rng.randint(10, 30),
        reads=grants.reads,
        effects=grants.effects,
        explainer=_explainer(rng, i),
        task=("text",) if is_explainer(i) else ("repo", "base", "number", "labels"),
        own_prompt=i % 4 == 1,
        has_memory=i % 3 == 0,
    )
    grants = grants._replace(reads=tuple(tool for tool in grants.reads if tool in drawn.used))
    yield f"{folder(i)}/agent.yaml", _agent(rng, i, grants, drawn, suites)
    yield f"{folder(i)}/graph.yaml", drawn.text
    yield f"{folder(i)}/prompt.md", _instructions(rng, i)
    if drawn.has_own_prompt:
        yield f"{folder(i)}/prompts/decide.md", _decide(rng, drawn)


def _explainer(rng: random.Random, i: int) -> str | None:
    """The agent that this one hands findings to."""
    if is_explainer(i) or i % 8 != 3:
        return None
    return agent_id(EVERY_EXPLAINER * rng.randint(0, i // EVERY_EXPLAINER))


def _grants(rng: random.Random, i: int, tools: int) -> Grants:
    """Tools of the organisation: a shared one, some that read and, for two agents of five, some that write."""
    effects = [tool for tool in rng.sample(range(tools), min(tools, 24)) if writes(tool)]
    denied = tuple(sorted(effects[2:4]))
    if is_explainer(i):
        return Grants((), (), denied)
    shared = [i % 10] if i % 10 < SHARED_TOOLS else []
    reads = [
        tool
        for tool in rng.sample(range(SHARED_TOOLS, tools), min(tools - SHARED_TOOLS, 24))
        if not writes(tool)
    ]
    kept = effects[: rng.randint(1, 2)] if i % 5 in (1, 3) else []
    return Grants(tuple(sorted([*shared, *reads[: rng.randint(4, 6)]])), tuple(sorted(kept)), denied)


def _lines(names: list[str], depth: int) -> str:
    return "".join(f"{' ' * depth}- {name}\n" for name in names)


def _agent(rng: random.Random, i: int, grants: Grants, drawn: Drawn, suites: int) -> str:
    allowed = _lines([tool_id(tool) for tool in sorted((*grants.reads, *grants.effects))], 6)
    autonomy = rng.choice(["propose", "act_with_approval"]) if grants.effects else "advisory"
    task = (
        "  explain:\n      text: string"
        if is_explainer(i)
        else "  change:\n      repo: string\n      base: string\n      number: integer\n      labels: [string]"
    )
    return f"""# Agent {i} of {team(i)}: {sentence(rng).lower()}.
apiVersion: remit/v1
kind: Agent
metadata:
  id: {agent_id(i)}
  version: 1.{i % 7}.{i % 11}
  name: "Agent {i} of {team(i)}"
  owner: {team(i)}
  business_owner: head of {team(i)}
  risk: {rng.choice(RISKS)}
  labels:
    tier: {rng.choice(RISKS)}
    cost-centre: "{rng.randint(1000, 9999)}"
spec:
  purpose: "{sentence(rng)}."
  autonomy: {autonomy}
  tasks:
  {task}
  instructions: prompt.md
  orchestration:
    graph: graph.yaml
  models:
    allowed:
      - reasoning-large
      - reasoning-small
    fallback: in_order
    reasoning_budget: medium
{_tools(allowed, grants)}  data_classes:
    - internal-code
  context:
    max_input_tokens: {rng.choice([20000, 40000, 80000])}
    required:
      - security-policy
    optional:
      - change-request
  memory:
    read: {"[guidelines]" if drawn.has_memory else "[]"}
    write: []
  guardrails:
    min_evidence_per_finding: {rng.randint(1, 3)}
    block_on_secret_exposure: true
  evaluation:
    suites: {f"[suite-{i}]" if i < suites else "[]"}
  observability:
    trace: optional
    content: redacted
    audit_retention_days: 365
  budget:
    steps: {drawn.steps}
    model_calls: {drawn.model_calls}
    tool_calls: {max(1, drawn.tool_calls)}
    usd: {drawn.model_calls}.50
    minutes: {rng.randint(30, 120)}
  output:
    verdict: string
    summary: string
    findings: [string]
"""


def _tools(allowed: str, grants: Grants) -> str:
    denied = _lines([tool_id(tool) for tool in grants.denied], 6)
    if not allowed and not denied:
        return ""
    return (
        "  tools:\n"
        + (f"    allowed:\n{allowed}" if allowed else "    allowed: []\n")
        + (f"    denied:\n{denied}" if denied else "")
    )


def _instructions(rng: random.Random, i: int) -> str:
    """Instructions of about 3 KB: half of them include the voice of the team, an eighth lists the tools at hand."""
    body = "\n\n".join(paragraph(rng, 5) for _ in range(7))
    slots = (
        "What is asked: {{ task.text }}"
        if is_explainer(i)
        else (
            "The change is {{ task.number }} of {{ task.repo }} from {{ task.base }}, labelled {{ task.labels }}."
        )
    )
    voice = f'\n{{% include "../../shared/{team(i)}.md" %}}\n' if i % 2 else ""
    tools = (
        "\n{% if tools %}You may look closer with:\n{% for tool in tools %}\n- {{ tool.id }}: {{ tool.description }}\n"
        "{% endfor %}{% endif %}\n"
        if i % 8 == 1
        else ""
    )
    return f"""# Agent {i}

{slots} {{# a remark for people #}}

{body}
{voice}{tools}
Answer as the output asks and with nothing else.
"""


def _decide(rng: random.Random, drawn: Drawn) -> str:
    """The prompt of the states that decide."""
    seen = "\n\n".join(f"What `{state}` gave:\n\n{{{{ {state}.text }}}}" for state in drawn.first_reads)
    return f"{seen}\n\n{paragraph(rng, 4)}\n"


def voice_files(seed: int, number: int) -> Files:
    """How a team speaks, which its prompts include."""
    rng = generator(seed, "voice", number)
    yield f"agents/shared/{team(number)}.md", f"## How {team(number)} speaks\n\n{paragraph(rng, 4)}\n"
