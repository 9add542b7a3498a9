"""One round of our own runs over a repository: cold, with nothing changed, and with one file changed of each kind."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from edits import EDITS
from measure import Cost, cost

COLD, UNCHANGED = "cold", "no change"
STATUS, LIBYAML, START = "git status", "libyaml", "starting Python"

_LIBYAML = """
import sys
from pathlib import Path
from _ruamel_yaml import CParser
for path in Path(sys.argv[1]).rglob("*.yaml"):
    CParser(path.read_bytes()).raw_parse()
"""


class Subject(NamedTuple):
    """A repository to check, and where what a check keeps for the next one is kept."""

    root: Path
    home: Path


def program(name: str) -> str:
    """A program of the environment that this one runs in."""
    return str(Path(sys.executable).with_name(name))


class Counted(NamedTuple):
    """What a check says that it did: files read and parsed, definitions judged, and what became of its cache."""

    read: int
    parsed: int
    judged: int
    cache: str


def counted(done: Cost) -> Counted:
    """The counters that a check printed."""
    said = json.loads(done.err.splitlines()[-1])
    return Counted(said["read"], said["parsed"], said["judged"], said["cache"])


def check(subject: Subject, cache: str) -> Cost:
    """The cost of one check, which finds nothing and for which the cache does what is wanted of it."""
    command = (program("remit"), "check", "--statistics", str(subject.root))
    done = cost(*command, env={"REMIT_HOME": str(subject.home)})
    if not done.out.startswith("no findings"):
        raise RuntimeError(f"the synthetic repository is not clean:\n{done.out[:4000]}")
    if counted(done).cache != cache:
        raise RuntimeError(f"this check is no `{cache}` of the cache: {done.err}")
    return done


def cold(subject: Subject) -> Cost:
    """The cost of a check for which nothing was kept; what it keeps itself is part of it."""
    shutil.rmtree(subject.home, ignore_errors=True)
    return check(subject, "miss")


def checks(subject: Subject, number: int, edits: bool = True) -> dict[str, Cost]:
    """The costs of a round of checks, by what they are."""
    done = {COLD: cold(subject), UNCHANGED: check(subject, "hit")}
    for name, edit in EDITS.items() if edits else ():
        edit(subject.root, number)
        done[name] = check(subject, "partial")
    return done


def yardsticks(subject: Subject) -> dict[str, Cost]:
    """What git takes to look at the same tree, libyaml to read its YAML files, and Python to start."""
    return {
        STATUS: cost("git", "status", "--porcelain", cwd=subject.root),
        LIBYAML: cost(sys.executable, "-c", _LIBYAML, str(subject.root)),
        START: cost(sys.executable, "-c", "pass"),
    }
