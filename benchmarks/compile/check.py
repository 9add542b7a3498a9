"""How much CPU `remit check` takes, against yardsticks of the same run.

    python benchmarks/compile/check.py [--agents 100 1000] [--rounds 5]

Each check is a process of its own, with no cache but the modules that Python itself has compiled: the first round,
which writes them, is not counted. Seconds are user plus system CPU of that process and its children; of several
rounds the median is shown.
The yardsticks: starting Python, and libyaml reading the same YAML files without making anything of them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate import commit, write

YARDSTICK = """
import sys
from pathlib import Path
from ruamel.yaml import cyaml
from _ruamel_yaml import CParser
for path in Path(sys.argv[1]).rglob("*.yaml"):
    CParser(path.read_bytes()).raw_parse()
"""


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
      tools: [git.grep]
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


def ten_files(root: Path) -> None:
    """A repository of ten files: a root marker, two agents with graphs and prompts, a tool, a policy and a team."""
    for path, text in TEN_FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def cost(*command: str) -> tuple[float, float]:
    """CPU seconds and peak memory (MiB) of one process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with Path(os.devnull).open("wb") as out:
        child = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def median(rounds: int, *command: str) -> tuple[float, float]:
    """The medians over several rounds, after one that is not counted."""
    cost(*command)
    seconds, memory = zip(*(cost(*command) for _ in range(rounds)), strict=True)
    return statistics.median(seconds), statistics.median(memory)


def row(name: str, root: Path, rounds: int) -> str:
    """A line of the table about one repository."""
    count = sum(1 for _ in root.rglob("*.yaml"))
    check, memory = median(rounds, str(Path(sys.executable).with_name("remit")), "check", str(root))
    libyaml, _ = median(rounds, sys.executable, "-c", YARDSTICK, str(root))
    start, _ = median(rounds, sys.executable, "-c", "pass")
    raw = max(libyaml - start, 0.001)
    return f"| {name} | {count} | {check:.2f} | {memory:.0f} | {libyaml:.2f} | {(check - start) / raw:.1f} |"


def speed() -> float:
    """Seconds this machine takes now for ten million additions, to read the others by."""
    begun = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - begun


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print("| repository | YAML files | check, CPU s | peak MiB | libyaml alone, CPU s | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "ten")
        ten_files(small)
        commit(small)
        print(row("ten files", small, given.rounds), flush=True)
        for agents in given.agents:
            root = Path(folder, str(agents))
            write(root, agents)
            commit(root)
            print(row(f"{agents:,} agents", root, given.rounds), flush=True)
    print(
        f"\nload {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ten million additions take {speed():.2f} s"
    )


if __name__ == "__main__":
    main()
