"""A worker that is killed around a comment: resumed, there is one comment, and nobody guesses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from github_loopback.server import Server
from github_loopback.state import Comment, nothing

from remit_runtime.cli import main
from remit_runtime.invoke import open_runtime, resume

REMITD = "import sys; from remit_runtime.cli import main; sys.exit(main(sys.argv[1:]))"
AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: remit.speaker, version: 0.1.0, owner: developer-platform}
spec:
  purpose: Write one comment.
  tasks: {say: {repository: string, pr: integer, body: string}}
  autonomy: propose
  tools: [github.pr.comment, TOOLS]
  orchestration:
    workflow:
      steps:
        - id: say
          tool: github.pr.comment
          args: {repository: "${task.repository}", pr: "${task.pr}", body: "${task.body}"}
      output: {url: "${say.url}"}
  output: {url: string}
"""
PROBING = {"agents/speaker/agent.yaml": AGENT.replace("TOOLS", "github.pr.comments")}
BLIND = {"agents/speaker/agent.yaml": AGENT.replace("TOOLS", "github.pr.get")}
GIVEN = ("repository=remit/sandbox", "pr=7", "body=Well counted.")


def remitd(portfolio: Any, *words: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own, which a test may kill."""
    environ = {
        "REMIT_HOME": str(portfolio.runtime.home),
        "PATH": "/usr/bin:/bin",
        "REMIT_GITHUB_TOKEN": portfolio.github.github.token,
    }
    return subprocess.Popen(
        [sys.executable, "-c", REMITD, *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def killed_at(portfolio: Any, hook: str, drop: bool) -> str:
    """The id of a run whose worker was killed when its comment was under way; at `hook` of the server."""
    github = portfolio.github.github
    bundle = next(Path(portfolio.runtime.home.parent, "bundle").glob("*.remit"))
    workers: list[subprocess.Popen[bytes]] = []

    def kill(method: str, _path: str) -> None:
        if method == "POST":
            while not workers:
                time.sleep(0.01)
            os.kill(workers[0].pid, signal.SIGKILL)
            workers[0].wait()
            if drop:
                raise ConnectionAbortedError

    setattr(github, hook, kill)
    command = (
        "run",
        "remit.speaker",
        "--bundle",
        str(bundle),
        *(word for one in GIVEN for word in ("--input", one)),
    )
    workers.append(remitd(portfolio, *command))
    workers[0].communicate(timeout=60)
    assert workers[0].returncode == -signal.SIGKILL
    setattr(github, hook, nothing)
    (record,) = portfolio.runtime.journal.runs()
    run: str = record.run
    return run


def resumed(portfolio: Any, run: str) -> tuple[int, str]:
    worker = remitd(portfolio, "runs", "resume", run)
    out, err = worker.communicate(timeout=60)
    assert b"Traceback" not in err
    return worker.returncode, (out + err).decode()


def later(portfolio: Any, run: str, seconds: int) -> Any:
    """What the run comes to when it is resumed so much later."""
    token = {"REMIT_GITHUB_TOKEN": portfolio.github.github.token}
    runtime = open_runtime(portfolio.runtime.home, lambda: int(time.time() + seconds) * 1000, environ=token)
    try:
        return resume(runtime, portfolio.bundle, run)
    finally:
        runtime.journal.close()


@pytest.fixture
def kill(make_portfolio: Any, sandbox: Any) -> Callable[..., Any]:
    """`kill(files, hook, drop)`: the portfolio, and a run whose worker was killed there."""

    def run(files: Any, hook: str, *, drop: bool = False) -> Any:
        portfolio = make_portfolio(files)
        return portfolio, killed_at(portfolio, hook, drop)

    return run


def test_a_comment_that_was_made_and_not_heard_of_is_found_and_not_made_again(
    kill: Any, github: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    portfolio, run = kill(PROBING, "before_answer")
    assert len(github.github.comments_of("remit/sandbox", 7)) == 1
    code, said = resumed(portfolio, run)
    assert code == 0, said
    assert len(github.github.comments_of("remit/sandbox", 7)) == 1
    assert github.github.count("POST") == 1
    settled = portfolio.events(run, "tool_settled")[-1]
    assert (settled.tool, settled.outcome, settled.code) == ("github.pr.comment", "ok", "probed")
    (comment,) = github.github.repositories["remit/sandbox"].comments
    assert json.loads(settled.output)["id"] == comment.id
    monkeypatch.setenv("REMIT_HOME", str(portfolio.runtime.home))
    assert [
        command for command in ("show", "explain", "trace", "audit") if main(["runs", command, run])
    ] == []
    assert portfolio.runtime.journal.verify().__class__.__name__ == "Verified"


def test_the_comment_is_found_among_those_of_others_on_a_later_page(
    kill: Any, github: Server, sandbox: Any
) -> None:
    sandbox.comments += [Comment(number, 7, f"comment {number}", "ada") for number in range(1, 131)]
    portfolio, run = kill(PROBING, "before_answer")
    assert resumed(portfolio, run)[0] == 0
    assert github.github.count("POST") == 1


def test_a_comment_that_was_not_made_is_made_once_its_time_is_over(kill: Any, github: Server) -> None:
    portfolio, run = kill(PROBING, "before_effect", drop=True)
    code, said = resumed(portfolio, run)
    assert code == 4
    assert "may still be on its way" in said
    assert github.github.comments_of("remit/sandbox", 7) == []
    result = later(portfolio, run, 11)
    assert (result.status, result.reason) == ("ended", "succeeded"), result.detail
    assert len(github.github.comments_of("remit/sandbox", 7)) == 1


def test_a_forged_mark_of_another_call_is_not_taken_for_this_one(
    kill: Any, github: Server, sandbox: Any
) -> None:
    sandbox.comments.append(Comment(1, 7, "Mine. <!-- remit:run_other:9 -->", "mallory"))
    portfolio, run = kill(PROBING, "before_effect", drop=True)
    assert resumed(portfolio, run)[0] == 4


def test_an_agent_without_the_tool_that_finds_out_waits_for_a_person(kill: Any, github: Server) -> None:
    portfolio, run = kill(BLIND, "before_answer")
    code, said = resumed(portfolio, run)
    assert code == 4
    assert "may not be repeated" in said
    assert github.github.count("POST") == 1


def test_a_probe_that_fails_leaves_the_run_waiting(kill: Any, github: Server) -> None:
    portfolio, run = kill(PROBING, "before_answer")
    github.github.remaining = 0
    assert resumed(portfolio, run)[0] == 4
    github.github.remaining = 100
    assert resumed(portfolio, run)[0] == 0
    assert len(github.github.comments_of("remit/sandbox", 7)) == 1


def test_the_mark_is_sent_and_neither_shown_nor_approved(
    make_portfolio: Any, github: Server, sandbox: Any
) -> None:
    portfolio = make_portfolio(PROBING)
    result = portfolio.run("remit.speaker", {"repository": "remit/sandbox", "pr": 7, "body": "Well."})
    (decided,) = portfolio.events(result.run, "tool_decided")
    assert json.loads(decided.arguments)["body"] == "Well."
    assert github.github.comments_of("remit/sandbox", 7) == [f"Well.\n\n<!-- remit:{decided.call} -->"]
