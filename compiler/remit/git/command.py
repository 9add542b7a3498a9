"""The git command: the only module that starts it, and in a way that nothing in a repository can bend.

Only plumbing is called that compares no content, as a comparison would run the filters that a repository names.
"""

from __future__ import annotations

import os
import subprocess

TYPE_CHECKING = False  # what `typing` says too, at a price that a check of what did not change would notice
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Each line stops a way for a repository to run a command, or to reach the network, while it is looked at.
_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "protocol.allow=never",  # a partial clone would fetch what it lacks, by any command its remote names
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)
_SETTINGS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a replace ref would put other bytes under the digest of a commit
    "LC_ALL": "C",
}
_TIMEOUT_SECONDS = 120


class GitFailed(Exception):
    """Git is missing or refused, so the tree that was asked for cannot be had."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"`git {command}` failed: {reason}")
        self.command = command
        self.reason = reason


def run_git(root: Path | str, *arguments: str, settings: Mapping[str, str] | None = None) -> bytes:
    """What a git command prints. `settings` go into its environment, over ours.

    Raises:
        GitFailed: it is missing, took too long or ended with an error; `reason` is empty where it said nothing.
    """
    try:
        done = subprocess.run(
            _command(root, *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**_environment(), **(settings or {})},
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
    except FileNotFoundError as error:
        raise GitFailed(arguments[0], "git is not installed, or the folder is not there") from error
    except subprocess.TimeoutExpired as error:
        raise GitFailed(arguments[0], f"no answer in {_TIMEOUT_SECONDS} seconds") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise GitFailed(arguments[0], reason) from error
    return done.stdout


def git_process(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A git command that is fed and read while it runs."""
    return subprocess.Popen(
        _command(root, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )


def _command(root: Path | str, *arguments: str) -> list[str]:
    settings = [part for setting in _SAFE for part in ("-c", setting)]
    return ["git", "--no-optional-locks", "-C", str(root), *settings, *arguments]


def _environment() -> dict[str, str]:
    """The caller's environment without what would point git elsewhere or make it run something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **_SETTINGS}
