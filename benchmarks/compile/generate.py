"""Writes a synthetic repository of definitions in Remit's language, the same for the same seed.

    python benchmarks/compile/generate.py --agents 1000 --out DIR [--seed 7] [--git]

For N agents: N agents of about 60 lines, each with a prompt of about 3 KB and a graph of 10 to 30 states, N/2 tools,
N/10 policies and N/5 eval suites with 20 cases each, which is 2.8 YAML files and one prompt an agent. Every reference
resolves and no rule finds anything, so that timings are of the good case.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

TEAMS = (
    "appsec",
    "platform",
    "sre",
    "data",
    "payments",
    "search",
    "mobile",
    "ml-infra",
    "billing",
    "support",
)
VERBS = ("read", "search", "create", "update", "run", "list", "comment", "export")
NOUNS = (
    "pr",
    "diff",
    "issue",
    "branch",
    "ticket",
    "log",
    "metric",
    "deploy",
    "secret_scan",
    "symbol",
    "incident",
    "invoice",
)
RISKS = ("low", "medium", "high", "critical")
WORDS = [
    "review",
    "evidence",
    "policy",
    "finding",
    "change",
    "severity",
    "context",
    "agent",
    "must",
    "never",
    "reveal",
    "secret",
    "tool",
    "call",
    "approval",
    "budget",
    "state",
    "verify",
    "patch",
    "minimal",
    "test",
    "regression",
    "owner",
    "incident",
    "report",
    "before",
    "after",
    "risk",
    "evaluate",
    "untrusted",
    "input",
    "citation",
    "source",
    "confidence",
]

Files = Iterator[tuple[str, str]]


def paragraph(rng: random.Random, words: int) -> str:
    """Some words that make no sense."""
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def tool_id(index: int) -> str:
    """The id of a tool, unlike every other."""
    return f"{NOUNS[index % 12]}.{VERBS[(index // 12) % 8]}.t{index}"


def effect(index: int) -> str:
    """The effect of a tool."""
    return ("read", "read", "write")[index % 3]


def agent(rng: random.Random, i: int, tools: list[int], denied: list[int], suites: int) -> str:
    """An agent of about 60 lines."""
    team = TEAMS[i % len(TEAMS)]
    allowed = "\n".join(f"      - {tool_id(tool)}" for tool in tools)
    refused = "\n".join(f"      - {tool_id(tool)}" for tool in denied)
    suite = f"[suite-{i}]" if i < suites else "[]"
    return f"""# Agent {i}: owned by {team}.
apiVersion: remit/v1
kind: Agent
metadata:
  id: {team}.agent-{i}
  version: 1.{i % 7}.{i % 11}
  name: "Agent {i} of {team}"
  owner: {team}
  business_owner: head of {team}
  risk: {rng.choice(RISKS)}
  labels:
    tier: {rng.choice(RISKS)}
    cost-centre: "{rng.randint(1000, 9999)}"
spec:
  purpose: {paragraph(rng, 12)}
  autonomy: {rng.choice(["advisory", "propose", "autonomous"])}
  tasks:
    change:
      base: string
      head: string?
      labels?: [string]
  instructions: prompt.md
  orchestration:
    graph: graph.yaml
  models:
    allowed:
      - reasoning-large
      - dev
    fallback: none
    reasoning_budget: medium
  tools:
    allowed:
{allowed}
    denied:
{refused}
  data_classes:
    - internal-code
  context:
    max_input_tokens: {rng.choice([20000, 40000, 80000])}
    required:
      - security-policy
    optional:
      - change-request
  memory:
    read:
      - guidelines
    write: []
  guardrails:
    min_evidence_per_finding: {rng.randint(1, 3)}
    block_on_secret_exposure: true
  evaluation:
    suites: {suite}
  observability:
    trace: optional
    content: redacted
    audit_retention_days: 365
  budget:
    steps: 60
    model_calls: 20
    tool_calls: 40
    usd: {rng.randint(1, 9)}.50
    minutes: {rng.randint(5, 60)}
  output:
    verdict: string
    summary: string
    findings: [string]
"""


def graph(rng: random.Random, tools: list[int], states: int) -> str:
    """A graph in which every state is reached, leads to an end, and every loop is bounded."""
    lines = ["apiVersion: remit/v1", "kind: Graph", "spec:", "  start: s0", "  states:"]
    for number in range(states - 1):
        onward = f"s{number + 1}" if number < states - 2 else "done"
        lines += _state(rng, number, onward, tools)
    lines += ["    done:", "      type: end", "      outcome: succeeded"]
    lines += ['      output: {verdict: ok, summary: "of ${task.base}", findings: []}']
    lines += ["    failed: {type: end, outcome: failed}"]
    return "\n".join(lines) + "\n"


def _state(rng: random.Random, number: int, onward: str, tools: list[int]) -> list[str]:
    head = [f"    s{number}:"]
    if number % 5 == 4:
        return [
            *head,
            "      type: approval",
            "      approval: review",
            "      next: {approved: " + onward + ", denied: failed, expired: failed}",
        ]
    if rng.random() < 0.5:
        back = f"s{rng.randint(max(0, number - 4), number)}"
        return [
            *head,
            "      type: model",
            f"      tools: [{tool_id(rng.choice(tools))}]",
            "      decides: {verdict: string, note: string}",
            f"      max_visits: {rng.randint(2, 9)}",
            "      next:",
            "        - when: {verdict: retry}",
            f"          to: {back}",
            f"        - to: {onward}",
            "      exhausted: failed",
            "      error: failed",
        ]
    tool = rng.choice(tools)
    return [
        *head,
        "      type: tool",
        f"      tool: {tool_id(tool)}",
        '      args: {repo: "${task.base}", number: ' + str(rng.randint(1, 99)) + "}",
        "      max_visits: 4",
        "      next:",
        f"        ok: {onward}",
        "        denied: failed",
        f"        error: {'failed' if rng.random() < 0.5 else onward}",
    ]


def prompt(rng: random.Random, i: int) -> str:
    """A prompt of about 3 KB with slots."""
    body = "\n\n".join(paragraph(rng, 60) for _ in range(6))
    return f"""# Agent {i}

You look at the change from {{{{ task.base }}}}. {{# a remark for people #}}

Prefer the smallest action. Ask for approval before any irreversible one.

{body}

## Sources

- {{{{ task.base }}}}: the base
- {{{{ task.head }}}}: the head
- {{{{ task.labels }}}}: labels

Answer as the output asks and with nothing else.
"""


def tool(rng: random.Random, i: int) -> str:
    """A tool that the runtime would reach over HTTP."""
    kind = effect(i)
    recovery = "idempotent" if kind == "read" else "manual"
    return f"""apiVersion: remit/v1
kind: Tool
metadata:
  id: {tool_id(i)}
  version: 1.0.{i % 9}
  owner: {TEAMS[i % 10]}
  description: {paragraph(rng, 10)}
spec:
  effect: {kind}
  resource: {{type: Repo, arg: repo}}
  input:
    type: object
    additionalProperties: false
    required: [repo]
    properties:
      repo: {{type: string, maxLength: 200}}
      number: {{type: integer, minimum: 1}}
      query: {{type: string}}
  output:
    type: object
    additionalProperties: false
    required: [text]
    properties:
      text: {{type: string}}
  arguments:
    repo: {{role: target, type: repository}}
    number: {{role: detail}}
    query: {{role: detail}}
  recovery: {{mode: {recovery}}}
  limits: {{timeout_seconds: 20, rate_per_minute: {rng.randint(5, 100)}}}
  implementation:
    http: {{method: GET, url: "https://tools.example/t{i}", hosts: [tools.example]}}
"""


def policy(rng: random.Random, i: int, tools: int) -> str:
    """A policy of three to eight rules."""
    rules: list[str] = []
    for number in range(rng.randint(3, 8)):
        kind = rng.choice(["permit", "forbid", "require_approval"])
        approval = "\n      approval: review" if kind == "require_approval" else ""
        rules.append(f"""    - id: r{number}
      effect: {kind}
      tools: [{tool_id(rng.randrange(0, tools, 2))}, {tool_id(rng.randrange(1, tools, 2))}]
      when: {{args.number: {{gt: {rng.randint(1, 50)}}}, resource.risk: {rng.choice(RISKS)}}}{approval}
      reason: {paragraph(rng, 6)}
""")
    return f"""apiVersion: remit/v1
kind: Policy
metadata:
  id: policy-{i}
  owner: {TEAMS[i % 10]}
spec:
  rules:
{"".join(rules)}"""


def suite(rng: random.Random, i: int) -> str:
    """An eval suite of one agent."""
    return f"""apiVersion: remit/v1
kind: EvalSuite
metadata:
  id: suite-{i}
  owner: {TEAMS[i % 10]}
spec:
  agent: {TEAMS[i % 10]}.agent-{i}
  cases: cases.jsonl
  epochs: {rng.randint(1, 3)}
  graders:
    - {{id: verdict, type: exact, at: verdict}}
    - {{id: finding, type: contains, at: summary}}
  success: [verdict, finding]
"""


def cases(rng: random.Random) -> str:
    """Twenty cases."""
    rows = (
        {
            "id": f"c{number}",
            "input": {"base": paragraph(rng, 12)},
            "expect": {"verdict": rng.choice(["pass", "block"]), "finding": "evidence"},
        }
        for number in range(20)
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def registry() -> Files:
    """The definitions that all others name."""
    yield "remit.yaml", "apiVersion: remit/v1\norganisation: bench\nuse: [std@1]\n"
    head = "apiVersion: remit/v1\nkind: {kind}\nmetadata: {{id: {id}}}\nspec: {spec}\n"
    shared = (
        ("Resource", "repositories", '{type: Repo, match: "**"}'),
        ("Approval", "review", "{role: reviewer}"),
        ("DataClass", "internal-code", "{sensitivity: internal}"),
        ("ContextSource", "security-policy", "{type: file, path: SECURITY.md, trust: trusted}"),
        ("ContextSource", "change-request", "{type: task}"),
        ("MemoryScope", "guidelines", "{memory: semantic, namespace: [tenant], retention_days: 30}"),
        (
            "Model",
            "reasoning-large",
            (
                "{provider: openai, model: large, context_tokens: 200000, max_output_tokens: 8000, "
                "price: {input_usd_per_million: 2.50, output_usd_per_million: 10}}"
            ),
        ),
        *(("Team", team, '{members: [{principal: "os:*", roles: [reviewer]}]}') for team in TEAMS),
    )
    for kind, identity, spec in shared:
        yield (
            f"policies/registry/{kind.lower()}-{identity}.yaml",
            head.format(kind=kind, id=identity, spec=spec),
        )


def repository(agents: int, seed: int) -> Files:
    """Every file of the repository, by path."""
    rng = random.Random(seed)
    tools, policies, suites = max(8, agents // 2), max(1, agents // 10), max(1, agents // 5)
    yield from registry()
    for i in range(agents):
        picked = rng.sample(range(tools), min(rng.randint(6, 9), tools))
        granted, denied = sorted(picked[:-2]), sorted(picked[-2:])
        folder = f"agents/{TEAMS[i % 10]}/agent-{i}"
        yield f"{folder}/agent.yaml", agent(rng, i, granted, denied, suites)
        yield f"{folder}/graph.yaml", graph(rng, granted, rng.randint(10, 30))
        yield f"{folder}/prompt.md", prompt(rng, i)
    for i in range(tools):
        yield f"tools/{NOUNS[i % 12]}/{tool_id(i)}.yaml", tool(rng, i)
    for i in range(policies):
        yield f"policies/policy-{i}.yaml", policy(rng, i, tools)
    for i in range(suites):
        yield f"evals/suite-{i}/suite.yaml", suite(rng, i)
        yield f"evals/suite-{i}/cases.jsonl", cases(rng)


def write(root: Path, agents: int, seed: int = 7) -> int:
    """Writes the repository and gives the number of files."""
    count = 0
    for path, text in repository(agents, seed):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        count += 1
    return count


def commit(root: Path) -> None:
    """Makes a git repository of what was written."""
    who = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "gc.auto=0")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "base"), ("repack", "-adq")):
        subprocess.run(["git", *words], cwd=root, check=True)


def main() -> None:
    """Writes a repository as the command line asks."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--git", action="store_true", help="commit it")
    given = parser.parse_args()
    print(write(given.out, given.agents, given.seed), "files")
    if given.git:
        commit(given.out)


if __name__ == "__main__":
    main()
