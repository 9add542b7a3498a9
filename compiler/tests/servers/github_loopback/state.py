"""What the server knows: repositories with their pull requests, issues and comments, and what was asked so far."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LIMIT = 5000
"""Requests an hour, of a user."""


@dataclass
class Pull:
    """A pull request as a test gives it. `files` are `{filename, status, patch, ...}` as in the API."""

    number: int
    title: str
    head: str
    base: str = "main"
    body: str | None = None
    author: str = "ada"
    draft: bool = False
    files: tuple[Mapping[str, Any], ...] = ()
    diff: str = ""
    labels: tuple[str, ...] = ()
    head_sha: str = "6dcb09b5b57875f334f61aebed695e2e4193db5e"
    base_sha: str = "c0ffee1db57875f334f61aebed695e2e4193db5e"
    merged: bool = False


@dataclass
class Issue:
    number: int
    title: str
    body: str | None = None
    author: str = "grace"
    labels: tuple[str, ...] = ()
    state: str = "open"


@dataclass
class Comment:
    id: int
    number: int
    body: str
    author: str


@dataclass
class Repository:
    """A repository; pull requests and issues share one row of numbers, as at GitHub."""

    name: str
    branches: set[str] = field(default_factory=lambda: {"main"})
    pulls: dict[int, Pull] = field(default_factory=dict[int, Pull])
    issues: dict[int, Issue] = field(default_factory=dict[int, Issue])
    comments: list[Comment] = field(default_factory=list[Comment])

    def next_number(self) -> int:
        return max((*self.pulls, *self.issues), default=0) + 1


def nothing(_method: str, _path: str) -> None:
    """What is done between an effect and its answer, where a test wants nothing done."""


@dataclass
class GitHub:
    """The state. `requests` holds method, path and status of each, `remaining` what is left of the rate limit.

    `echoes_authorization` puts the header into every error, as careless servers do. `before_effect` is called with
    method and path when a request has come, and drops it by raising OSError; `before_answer` when it has had its
    effect and nobody knows it yet.
    """

    token: str
    login: str = "remit-agents[bot]"
    repositories: dict[str, Repository] = field(default_factory=dict[str, Repository])
    requests: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    violations: list[str] = field(default_factory=list[str])
    remaining: int = LIMIT
    before_effect: Callable[[str, str], None] = nothing
    before_answer: Callable[[str, str], None] = nothing
    echoes_authorization: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def repository(self, name: str) -> Repository:
        """The repository of a name, made when it is new."""
        return self.repositories.setdefault(name, Repository(name))

    def comments_of(self, name: str, number: int) -> list[str]:
        """The bodies of the comments on an issue or a pull request, oldest first."""
        return [one.body for one in self.repository(name).comments if one.number == number]

    def count(self, method: str) -> int:
        """How many requests of a method were taken, whatever came of them."""
        return sum(1 for taken, _, _ in self.requests if taken == method)


def state_of(text: str) -> GitHub:
    """The state that a JSON text describes: `token`, and by repository `branches`, `pulls`, `issues`."""
    given = json.loads(text)
    github = GitHub(given["token"])
    for name, parts in given["repositories"].items():
        repository = github.repository(name)
        repository.branches |= set(parts.get("branches", ()))
        for pull in parts.get("pulls", ()):
            repository.pulls[pull["number"]] = Pull(**pull)
        for issue in parts.get("issues", ()):
            repository.issues[issue["number"]] = Issue(**issue)
    return github
