"""Writes a synthetic repository of definitions in Remit's language, the same for the same seed.

    python benchmarks/compile/generate.py --agents 1000 --out DIR [--seed 7] [--git]

For N agents: N agents of about 60 lines, each with a graph of 10 to 30 states and instructions of about 3 KB, a quarter
of them with a prompt of its own for the states that decide; N/2 tools, N/10 policies, and N/5 eval suites with 20 cases
and a script each. That is 2.8 YAML files an agent and 4.5 files in all. Every reference resolves and no rule finds
anything, so that timings are of the good case.
"""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from shared_names import TEAMS, TOOLS_OF_A_POLICY, Files
from synthetic_agents import agent_files, voice_files
from synthetic_registry import policy_files, shared_files, suite_files
from synthetic_tools import tool_files


def repository(agents: int, seed: int) -> Files:
    """Every file of the repository, by path."""
    tools = max(30, agents // 2)
    suites = max(1, agents // 5)
    yield from shared_files()
    for i in range(len(TEAMS)):
        yield from voice_files(seed, i)
    for i in range(agents):
        yield from agent_files(seed, i, tools, suites)
    for i in range(tools):
        yield from tool_files(seed, i)
    for i in range(-(-tools // TOOLS_OF_A_POLICY)):
        yield from policy_files(seed, i, tools)
    for i in range(suites):
        yield from suite_files(seed, i)


def write(root: Path, agents: int, seed: int = 7) -> int:
    """Writes the repository and gives the number of files."""
    count = 0
    folders: set[Path] = set()
    for path, text in repository(agents, seed):
        file = root / path
        if file.parent not in folders:
            file.parent.mkdir(parents=True, exist_ok=True)
            folders.add(file.parent)
        file.write_text(text, encoding="utf-8")
        count += 1
    return count


def commit(root: Path) -> None:
    """Makes a git repository of what was written."""
    settings = ("user.name=bench", "user.email=bench@localhost", "gc.auto=0", "core.looseCompression=0")
    given = [word for setting in settings for word in ("-c", setting)]
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "base")):
        subprocess.run(["git", *given, *words], cwd=root, check=True)


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
