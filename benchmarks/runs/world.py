"""A repository of three agents, its bundle and a home, for the benchmarks of runs: one steps, one waits, one asks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.trust.verify import open_verified

FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: bench\nuse: [std@1]\n",
    "agents/stepper/agent.yaml": """apiVersion: remit/v1
kind: Agent
metadata: {id: bench.stepper, version: 1.0.0, owner: dev}
spec:
  purpose: Call a tool again and again.
  tasks: {count: {since: string}}
  instructions: {text: Call the tool.}
  tools: [bench.echo]
  models: [dev]
  output: {summary: string}
  budget: {steps: 1000, model_calls: 400, tool_calls: 400, usd: 0.50, minutes: 30}
""",
    "agents/waiter/agent.yaml": """apiVersion: remit/v1
kind: Agent
metadata: {id: bench.waiter, version: 1.0.0, owner: dev}
spec:
  purpose: Wait for a tool that does not end by itself.
  tasks: {count: {since: string}}
  orchestration:
    workflow:
      steps: [{id: wait, type: tool, tool: bench.wait, args: {}}]
      output: "${wait}"
  tools: [bench.wait]
  output: {text: string}
""",
    "agents/asker/agent.yaml": """apiVersion: remit/v1
kind: Agent
metadata: {id: bench.asker, version: 1.0.0, owner: dev}
spec:
  purpose: Call a tool for which people are asked.
  tasks: {count: {since: string}}
  orchestration:
    workflow:
      steps: [{id: say, type: tool, tool: bench.say, args: {text: "${task.since}"}}]
      output: "${say}"
  tools: [bench.say]
  output: {text: string}
""",
    "tools/bench/say.yaml": """apiVersion: remit/v1
kind: Tool
metadata: {id: bench.say, version: 1.0.0, owner: dev}
spec:
  effect: read
  resource: {type: Workspace, id: repository}
  input: {type: object, additionalProperties: false, properties: {text: {type: string, maxLength: 1000}}}
  output: {type: object, additionalProperties: false, required: [text], properties: {text: {type: string}}}
  implementation:
    process: {argv: [shell, -c, "printf %s \\"$1\\"", say, "text {text}"], output: text, workspace: none}
""",
    "policies/owner.yaml": """apiVersion: remit/v1
kind: Approval
metadata: {id: bench_owner}
spec: {role: developer}
""",
    "tools/bench/echo.yaml": """apiVersion: remit/v1
kind: Tool
metadata: {id: bench.echo, version: 1.0.0, owner: dev}
spec:
  effect: read
  resource: {type: Workspace, id: repository}
  input: {type: object, additionalProperties: false, properties: {text: {type: string, maxLength: 1000}}}
  output: {type: object, additionalProperties: false, required: [text], properties: {text: {type: string}}}
  implementation:
    process: {argv: [shell, -c, "printf %s \\"$1\\"", echo, "text {text}"], output: text, workspace: none}
""",
    "tools/bench/wait.yaml": """apiVersion: remit/v1
kind: Tool
metadata: {id: bench.wait, version: 1.0.0, owner: dev}
spec:
  effect: read
  resource: {type: Workspace, id: repository}
  input: {type: object, additionalProperties: false, properties: {}}
  output: {type: object, additionalProperties: false, required: [text], properties: {text: {type: string}}}
  limits: {timeout_seconds: 120}
  implementation:
    process:
      argv: [shell, -c, "trap '' TERM; setsid sleep 71.5 & (trap '' TERM; sleep 71.5) & wait"]
      output: text
      workspace: none
""",
    "policies/bench.yaml": """apiVersion: remit/v1
kind: Policy
metadata: {id: bench}
spec:
  rules:
    - {id: may, effect: permit, tools: [bench.echo, bench.wait, bench.say], reason: they are harmless}
    - {id: asks, effect: require_approval, tools: [bench.say], approval: bench_owner, reason: somebody must agree}
""",
}


@dataclass(frozen=True)
class World:
    """A home of the runtime and the bundle in it."""

    home: Path
    bundle: VerifiedBundle


def make(folder: Path) -> World:
    """The world in an empty folder: the repository is committed, built and signed by the real command."""
    source, home = folder / "repository", folder / "home"
    for name, text in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text, "utf-8")
    home.mkdir(mode=0o700)
    (home / "executables.toml").write_text(f'shell = "{os.path.realpath("/bin/sh")}"\n', "utf-8")
    own = {
        **os.environ,
        "REMIT_HOME": str(home),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    git = shutil.which("git") or "git"
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for words in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run([git, *who, *words], cwd=source, env=own, check=True)
    remit = Path(sys.executable).with_name("remit")
    subprocess.run(
        [remit, "build", "-o", folder / "out"], cwd=source, env=own, check=True, capture_output=True
    )
    [path] = (folder / "out").glob("*.remit")
    return World(home, open_verified(path, None, home, "dev", int(time.time() * 1000)))
