"""`runs approvals`, `approve`, `deny` and `answer`: what people read, what they type, and the exit codes."""

from __future__ import annotations

import json
import os
import pwd
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import (
    CallEdge,
    CallState,
    DecideState,
    EndState,
    ObjectOf,
    Reference,
    Route,
    ToolState,
)
from remit_runtime.bundle.policy import ApprovalRequirement, Member, TeamIR
from remit_runtime.canonical import Digest
from remit_runtime.cli import main

LOG = ToolState(
    "log", "git.log", ObjectOf((("since", Reference("task", ("since",))),)), "done", "no", None, None
)
ENDS = (EndState("done", "succeeded", Reference("log"), ()), EndState("no", "rejected", None, ()))
SINCE = {"type": "object", "required": ["since"], "properties": {"since": {"type": "string"}}}
SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
TEAM = TeamIR("people", (Member("os:ada", ("owner",)), Member("os:*", ("owner",))))
Out = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Out:
    """`typed(word, ...)`: the exit code of a command, and what it printed."""
    monkeypatch.chdir(repository)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def home(
    make_release: Any, hand_agent: Any, hand_tool: Any, hand_people: Any, monkeypatch: pytest.MonkeyPatch
) -> str:
    """The local state of a machine with one bundle; the path of the bundle."""
    log = hand_tool(
        "git.log",
        ("git", "log", "--format=%h %s", "{since}..HEAD"),
        {"since": {"type": "string"}},
        approvals=("owner",),
    )
    agent = hand_agent("acme.digest", (LOG, *ENDS), ("git.log",), task=SINCE, asks=False)
    asks = ApprovalRequirement("owner", "owner", 1, 3600, True, ("task.since", "review.findings"))
    release = make_release([agent], (log,), hand_people((asks,), (TEAM,)))
    monkeypatch.setenv("REMIT_HOME", str(release.home))
    return str(release.path)


def waiting(typed: Out, bundle: str, since: str = "v1") -> str:
    """The id of a run that waits."""
    code, said, _ = typed(
        "run", "acme.digest", "--bundle", bundle, "--input", f"since={since}", "--as", "os:bob"
    )
    assert code == 4
    return said.split()[0]


def stable(text: str) -> str:
    """What is said, without what differs from run to run."""
    text = re.sub(r"run_[a-z2-7]{26}", "RUN", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "TIME", text)


def test_what_waits_for_people_reads_like_this(
    typed: Out, home: str, golden: Callable[[str, str], None]
) -> None:
    waiting(typed, home)
    waiting(typed, home, "v1\u202e\n  answer  remitd")
    code, said, _ = typed("runs", "approvals")
    assert code == 0
    golden("approvals.txt", stable(said))


def test_a_run_is_approved_and_goes_on(typed: Out, home: str) -> None:
    run = waiting(typed, home)
    code, said, _ = typed("runs", "approve", run, "--as", "os:ada", "--reason", "fine")
    assert (code, stable(said)) == (0, "approved RUN:4 of RUN, owner\n  go on with  remitd runs resume RUN\n")
    assert typed("runs", "resume", run)[::2] == (0, "")
    assert typed("runs", "approvals")[1] == "nothing waits for people\n"
    code, said, _ = typed("runs", "show", run)
    assert "approved by os:ada: fine" in said
    assert "run resumed, after it waited" in said


def test_a_run_is_denied_and_goes_on(typed: Out, home: str) -> None:
    run = waiting(typed, home)
    assert typed("runs", "deny", run, "--as", "os:ada")[0] == 0
    code, said, _ = typed("runs", "resume", run)
    assert (code, "rejected" in said) == (1, True)


def test_approving_again_is_refused_and_says_who_was_first(typed: Out, home: str) -> None:
    run = waiting(typed, home)
    typed("runs", "approve", run, "--as", "os:ada")
    code, _, said = typed("runs", "approve", run, f"{run}:4", "--as", "os:eve")
    assert (code, stable(said)) == (
        1,
        "remitd: approval_settled: the approval `RUN:4` was approved by os:ada before\n",
    )


def test_who_asked_cannot_approve_and_the_machine_knows_who_types(typed: Out, home: str) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    code, said, _ = typed("run", "acme.digest", "--bundle", home, "--input", "since=v1")
    run = said.split()[0]
    code, _, said = typed("runs", "approve", run)
    refusal = f"`os:{me}` asked for the run and cannot approve it: `owner` asks for somebody else"
    assert (code, said) == (1, f"remitd: approver_is_requester: {refusal}\n")


def test_no_variable_makes_somebody_else(typed: Out, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "ada")
    _, said, _ = typed("run", "acme.digest", "--bundle", home, "--input", "since=v1")
    assert typed("runs", "approve", said.split()[0])[0] == 1


def test_words_that_name_nothing_are_usage(typed: Out, home: str) -> None:
    run = waiting(typed, home)
    assert typed("runs", "approve", "run_x")[0] == 2
    assert typed("runs", "approve", run, f"{run}:9", "--as", "os:ada")[0] == 2
    assert typed("runs", "approve", run, "--as", "ada")[0] == 2
    assert typed("runs", "approve", run, "--as", "os:ada", "--key", "k")[0] == 2
    assert typed("runs", "approve", run, "--key", "nobody")[0] == 2
    assert typed("runs", "answer", run, "text")[0] == 2


def test_a_key_of_nobody_is_refused(typed: Out, home: str) -> None:
    run = waiting(typed, home)
    code, _, said = typed("runs", "approve", run, "--key", "dev")
    assert (code, said.split(": ")[1]) == (1, "approver_unknown")


def test_what_waits_is_there_for_programs_too(typed: Out, home: str) -> None:
    run = waiting(typed, home)
    code, said, _ = typed("runs", "approvals", "--format", "json")
    body = json.loads(said)
    [one] = body["runs"]
    [approval] = one["groups"][0]["approvals"]
    assert (code, body["version"], one["run"], one["requested_by"]) == (0, 1, run, "os:bob")
    assert approval["rules"] == [{"id": "policies/reading.yaml#some-ask", "at": "policies/reading.yaml:7"}]
    assert (approval["role"], approval["may_answer"]) == ("owner", ["os:*", "os:ada"])
    assert approval["shown"]["arguments"] == {"since": "v1"}


def test_a_question_is_answered_and_the_run_needs_no_script_again(
    typed: Out,
    make_release: Any,
    hand_agent: Any,
    prompt: Digest,
    schema_digest: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = DecideState(
        "work",
        prompt,
        (CallEdge("git.log", "work__log"),),
        (),
        schema_digest(SUMMARY),
        None,
        (Route("done"),),
        None,
        None,
    )
    states = (
        work,
        CallState("work__log", "git.log", "work"),
        EndState("done", "succeeded", Reference("work"), ()),
    )
    release = make_release([hand_agent("acme.digest", states, ("git.log",), task=SINCE)])
    monkeypatch.setenv("REMIT_HOME", str(release.home))
    script = tmp_path / "script.json"
    decisions = [{"ask": {"question": "which tag?"}}, {"respond": {"summary": "One."}}]
    script.write_text(json.dumps({"version": 0, "decisions": decisions}), "utf-8")
    code, said, _ = typed(
        "run", "acme.digest", "--bundle", str(release.path), "--input", "since=v1", "--script", str(script)
    )
    run = said.split()[0]
    assert code == 4
    assert "asks: which tag?" in typed("runs", "approvals")[1]
    assert typed("runs", "answer", run, "the first")[0] == 0
    script.unlink()
    assert typed("runs", "resume", run)[::2] == (0, "")
