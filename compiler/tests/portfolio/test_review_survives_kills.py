"""One review of a pull request, from task to comment, by real processes that are killed in the middle, three times."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from github_loopback.server import Server
from github_loopback.state import Pull

ROOT = Path(__file__).parents[3]
SUITE = ROOT / "evals/pr_review"
NAME = "remit/shop"
PULL, COMMENTS = f"/repos/{NAME}/pulls/7", f"/repos/{NAME}/issues/7/comments"
PARTS = ("agents", "evals", "policies", "tools", "remit.yaml")
DEADLINE_SECONDS = 120
MAIN = "import sys; from remit_runtime.cli import main; sys.exit(main())"


@dataclass(frozen=True)
class Desk:
    """A home with one released bundle, the repository under review, and a GitHub that can be held up."""

    home: Path
    bundle: Path
    shop: Path
    server: Server

    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "REMIT_GITHUB_TOKEN": self.server.github.token,
            "REMIT_HOME": str(self.home),
        }

    def remitd(self, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", MAIN, *words]
        return subprocess.Popen(
            command, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def done(self, *words: str, exit_code: int = 0) -> str:
        """What a command printed that ended with this exit code."""
        process = self.remitd(*words)
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
        assert process.returncode == exit_code, f"{words}: {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err
        return out

    def killed_at(self, method: str, path: str, *words: str) -> None:
        """Starts a command and kills it once GitHub has done what it asked and before it hears of it."""
        reached, go_on = threading.Event(), threading.Event()

        def hold(asked: str, at: str) -> None:
            if asked == method and at.partition("?")[0] == path and not reached.is_set():
                reached.set()
                go_on.wait(DEADLINE_SECONDS)

        self.server.github.before_answer = hold
        process = self.remitd(*words)
        try:
            assert reached.wait(DEADLINE_SECONDS), f"{words} never asked for {method} {path}"
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
            go_on.set()
        assert process.returncode == -signal.SIGKILL

    def run(self) -> str:
        """The id of the only run."""
        listed = json.loads(self.done("runs", "list", "--format", "json"))
        [run] = [one["run"] for one in listed["runs"]]
        return str(run)


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.invalid")
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def committed(folder: Path, parts: Mapping[str, Path]) -> Path:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name, source in parts.items():
        if source.is_dir():
            shutil.copytree(source, folder / name)
        else:
            shutil.copy(source, folder / name)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Everything")
    return folder


@pytest.fixture
def desk(tmp_path: Path, github: Server) -> Desk:
    if shutil.which("ruff") is None or shutil.which("bandit") is None:
        pytest.skip("ruff and bandit are not beside the interpreter")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    definitions = committed(tmp_path / "definitions", {name: ROOT / name for name in PARTS})
    environment = {**os.environ, "REMIT_HOME": str(home)}
    command = [sys.executable, "-m", "remit", "build", "-o", str(tmp_path / "out")]
    subprocess.run(command, cwd=definitions, env=environment, check=True, capture_output=True)
    [bundle] = (tmp_path / "out").glob("*.remit")
    shop = committed(tmp_path / "shop", {one.name: one for one in (SUITE / "fixtures/shop").iterdir()})
    (home / "endpoints.toml").write_text(f'"api.github.com" = "{github.url}"\n')
    answers = json.loads((SUITE / "services/eval.json").read_text())["answers"]
    diff = answers[0]["response"]["text"]
    github.github.repository(NAME).pulls[7] = Pull(7, "Read rates as text", "rates", diff=diff)
    return Desk(home, bundle, shop, github)


def start(desk: Desk) -> Sequence[str]:
    script = SUITE / "scripts/report.json"
    return (
        *("run", "swe.pr_reviewer", "--bundle", str(desk.bundle)),
        *("--input", f"repository={NAME}", "--input", "pr=7"),
        *("--workspace", f"repository={desk.shop}", "--script", str(script)),
    )


def test_a_review_that_is_killed_three_times_comments_once(desk: Desk) -> None:
    github = desk.server.github
    desk.killed_at("GET", PULL, *start(desk))
    run = desk.run()
    desk.done("runs", "resume", run, exit_code=4)
    assert github.comments_of(NAME, 7) == []

    approvals: dict[str, Any] = json.loads(desk.done("runs", "approvals", "--format", "json"))
    assert "github.pr.comment" in json.dumps(approvals)
    desk.done("runs", "approve", run, "--as", "os:reader", "--reason", "read it")
    desk.killed_at("POST", COMMENTS, "runs", "resume", run)
    desk.killed_at("GET", COMMENTS, "runs", "resume", run)
    desk.done("runs", "resume", run)

    [comment] = github.comments_of(NAME, 7)
    assert comment.startswith("**Critical:** `rate_of` evaluates text of a file as code")
    assert [taken[:2] for taken in github.requests].count(("POST", COMMENTS)) == 1
    assert github.violations == []
    assert "succeeded" in desk.done("runs", "show", run)
    desk.done("audit", "verify")

    told = json.loads(desk.done("runs", "explain", run, "--format", "json"))
    assert [one["number"] for one in told["answers"]] == list(range(1, 16))
    assert all(fact["events"] for one in told["answers"] for fact in one["facts"])
    untold = {one["number"] for one in told["answers"] if not one["applies"]}
    assert untold == {12}, "nothing was handed off; every other question has an answer"
    everything = (desk.home / "journal.sqlite").read_bytes()
    assert github.token.encode() not in everything
