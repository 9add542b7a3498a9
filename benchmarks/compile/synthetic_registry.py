"""What all definitions of the synthetic repository share, its policies and its eval suites."""

from __future__ import annotations

import json
import random

from shared_names import (
    RISKS,
    TEAMS,
    TOOLS_OF_A_POLICY,
    Files,
    agent_id,
    generator,
    paragraph,
    sentence,
    team,
    tool_id,
    writes,
)
from synthetic_agents import is_explainer

_MODEL = (
    '{{provider: openai, model: {model}-2026-09, endpoint: "https://models.example/v1", context_tokens: 200000, '
    "max_output_tokens: 8000, capabilities: [tools, json_schema, reasoning], credential: models-key, "
    "price: {{input_usd_per_million: {price}, output_usd_per_million: 10}}}}"
)
_SHARED = (
    ("Resource", "repositories", '{type: Repo, match: "**", risk: high}'),
    *(
        ("Resource", f"repositories-{risk}", f'{{type: Repo, match: "bench/{risk}-*", risk: {risk}}}')
        for risk in RISKS
    ),
    ("Approval", "review", "{role: reviewer, expires_minutes: 720}"),
    ("DataClass", "internal-code", "{sensitivity: internal}"),
    ("ContextSource", "security-policy", "{type: file, path: SECURITY.md, trust: trusted, max_tokens: 4000}"),
    ("ContextSource", "change-request", "{type: task}"),
    ("MemoryScope", "guidelines", "{memory: semantic, namespace: [tenant], retention_days: 30}"),
    (
        "Credential",
        "tools-token",
        (
            "{source: {env: TOOLS_TOKEN}, hosts: [tools.example], "
            'scopes: ["tools:read", "tools:write"], max_ttl_seconds: 900}'
        ),
    ),
    (
        "Credential",
        "models-key",
        "{source: {env: MODELS_KEY}, hosts: [models.example], scopes: [], max_ttl_seconds: 3600}",
    ),
    ("Model", "reasoning-large", _MODEL.format(model="reasoning-large", price="2.50")),
    ("Model", "reasoning-small", _MODEL.format(model="reasoning-small", price="0.50")),
    ("Environment", "production", "{evidence: required, budget: {minutes: 120}}"),
    *(
        ("Team", name, f'{{members: [{{principal: "github:bench/{name}", roles: [reviewer]}}]}}')
        for name in TEAMS
    ),
)


def shared_files() -> Files:
    """The root marker and the definitions that all others name."""
    yield "remit.yaml", "apiVersion: remit/v1\norganisation: bench\nuse: [std@1]\n"
    for kind, identity, spec in _SHARED:
        described = f"metadata: {{id: {identity}, description: The {kind.lower()} {identity} of the bench}}"
        yield (
            f"policies/registry/{kind.lower()}-{identity}.yaml",
            f"apiVersion: remit/v1\nkind: {kind}\n{described}\nspec: {spec}\n",
        )


def policy_files(seed: int, i: int, tools: int) -> Files:
    """A policy over the five tools of its number: two to five rules."""
    rng = generator(seed, "policy", i)
    own = range(i * TOOLS_OF_A_POLICY, min(tools, (i + 1) * TOOLS_OF_A_POLICY))
    reading = [tool_id(tool) for tool in own if not writes(tool)]
    writing = [tool_id(tool) for tool in own if writes(tool)]
    rules = [_rule(rng, "read", "permit", reading)]
    if writing:
        rules.append(
            _rule(rng, "write", "permit", writing, "when: {resource.risk: {in: [low, medium, high]}}")
        )
        rules.append(_rule(rng, "ask", "require_approval", writing, "approval: review"))
        rules.append(_rule(rng, "long-texts", "forbid", writing, "when: {facts.long_body: true}"))
    if rng.random() < 0.7:
        rules.append(
            _rule(
                rng,
                "old-numbers",
                "forbid",
                own_http(own),
                f"when: {{args.number: {{gt: {rng.randint(1000, 50000)}}}}}",
            )
        )
    if rng.random() < 0.5:
        rules.append(_rule(rng, "incident", "forbid", [*reading, *writing], "when: {run.incident: true}"))
    facts = "  facts:\n    long_body: {arg: body, longer_than: 10000}\n" if writing else ""
    text = (
        f"apiVersion: remit/v1\nkind: Policy\nmetadata:\n  id: policy-{i}\n  owner: {team(i)}\n"
        f'  description: "{sentence(rng)}"\nspec:\n{facts}  rules:\n{"".join(rules)}'
    )
    yield f"policies/policy-{i}.yaml", text


def own_http(tools: range) -> list[str]:
    """The tools with an argument `number`."""
    return [tool_id(tool) for tool in tools if writes(tool) or tool % 3 == 0]


def _rule(rng: random.Random, name: str, effect: str, tools: list[str], *keys: str) -> str:
    more = "".join(f"      {key}\n" for key in keys)
    return (
        f"    - id: {name}\n      effect: {effect}\n      tools: [{', '.join(tools)}]\n{more}"
        f'      reason: "{sentence(rng)}"\n'
    )


def suite_files(seed: int, i: int) -> Files:
    """An eval suite of one agent: twenty cases and the script that stands in for the model."""
    rng = generator(seed, "suite", i)
    place = f"evals/suite-{i}"
    yield (
        f"{place}/suite.yaml",
        f"""apiVersion: remit/v1
kind: EvalSuite
metadata:
  id: suite-{i}
  owner: {team(i)}
  description: "{sentence(rng)}"
spec:
  agent: {agent_id(i)}
  cases: cases.jsonl
  needs_model: true
  epochs: {rng.randint(1, 3)}
  graders:
    - {{id: verdict, type: exact, at: verdict}}
    - {{id: finding, type: contains, at: summary}}
    - {{id: decisions, type: policy}}
  success: [verdict, finding, decisions]
""",
    )
    yield f"{place}/cases.jsonl", "".join(_case(rng, i, number) for number in range(20))
    decision = {"respond": {"verdict": "pass", "note": "evidence in the first file"}}
    yield f"{place}/script.json", json.dumps({"version": 0, "decisions": [decision] * 30}) + "\n"


def _case(rng: random.Random, i: int, number: int) -> str:
    given: dict[str, object] = {"text": paragraph(rng, 1)}
    if not is_explainer(i):
        given = {
            "repo": f"bench/{rng.choice(RISKS)}-{rng.randint(1, 99)}",
            "base": f"release-{rng.randint(1, 99)}",
            "number": rng.randint(1, 900),
            "labels": rng.sample(TEAMS, 2),
        }
    case = {
        "id": f"c{number}",
        "input": given,
        "script": "script.json",
        "approvals": {"review": "approve"},
        "expect": {"verdict": rng.choice(["pass", "block"]), "finding": "evidence"},
        "must_pass": number == 0,
    }
    return json.dumps(case) + "\n"
