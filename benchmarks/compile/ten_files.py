"""A repository of ten files: a root marker, two agents with graphs and prompts, a tool, a policy and a team.

python benchmarks/compile/ten_files.py DIR
"""

from __future__ import annotations

import sys
from pathlib import Path

AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {{id: bench.agent-{number}, version: 1.0.0, owner: reviewers}}
spec:
  purpose: Look at a change and say what it is.
  autonomy: propose
  tasks: {{change: {{base: string}}}}
  instructions: prompt.md
  orchestration: {{graph: graph.yaml}}
  models: [dev]
  tools: [git.log, git.grep, bench.count]
  output: {{verdict: string}}
"""
GRAPH = """apiVersion: remit/v1
kind: Graph
spec:
  start: read
  states:
    read: {type: tool, tool: git.log, args: {since: "${task.base}"}, next: {ok: decide, error: failed}}
    decide:
      type: model
      tools: [git.grep, bench.count]
      decides: {verdict: string}
      max_visits: 4
      next: [{when: {verdict: again}, to: read}, {to: done}]
      exhausted: failed
    done: {type: end, outcome: succeeded, output: "${decide}"}
    failed: {type: end, outcome: failed}
"""
TOOL = """apiVersion: remit/v1
kind: Tool
metadata: {id: bench.count, version: 1.0.0, owner: reviewers}
spec:
  effect: read
  resource: {type: Workspace, id: repository}
  input: {type: object, additionalProperties: false, properties: {pattern: {type: string, maxLength: 200}}}
  output: {type: object, required: [lines], properties: {lines: {type: array, items: {type: string}}}}
  implementation: {process: {argv: [git, grep, --count, -e, "{pattern}"], output: lines, ok_exit_codes: [0, 1]}}
"""
POLICY = """apiVersion: remit/v1
kind: Policy
metadata: {id: reading, owner: reviewers}
spec:
  rules:
    - id: no-large-logs
      effect: forbid
      tools: [git.log]
      when: {args.max_count: {gt: 500}}
      reason: large logs are expensive
"""
TEAM = """apiVersion: remit/v1
kind: Team
metadata: {id: reviewers}
spec: {members: [{principal: "os:*", roles: [reviewer]}]}
"""
PROMPT = "Say what the change since {{ task.base }} is.\n"
TEN_FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: bench\nuse: [std@1]\n",
    **{f"agents/agent-{number}/agent.yaml": AGENT.format(number=number) for number in (1, 2)},
    **{f"agents/agent-{number}/graph.yaml": GRAPH for number in (1, 2)},
    **{f"agents/agent-{number}/prompt.md": PROMPT for number in (1, 2)},
    "tools/count.yaml": TOOL,
    "policies/reading.yaml": POLICY,
    "policies/reviewers.yaml": TEAM,
}


def write(root: Path) -> None:
    """Writes the ten files."""
    for path, text in TEN_FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
