"""A canary in the credential, in the environment, in what servers and tools say: it is heard nowhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from canary import CANARY, found, sings
from github_loopback.server import Server
from github_loopback.state import Comment

from remit_runtime.cli import main as remitd
from remit_runtime.models.json_text import json_text
from remit_runtime.models.port import ModelAnswer, ModelCall, ModelFault
from remit_runtime.models.scripted import ScriptedModel, parse_script

SEVEN = {"repository": "remit/sandbox", "pr": 7}
TASK = {**SEVEN, "wish": "Be short."}
AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: remit.talker, version: 0.1.0, owner: developer-platform}
spec:
  purpose: Read comments and talk about them.
  tasks: {talk: {repository: string, pr: integer, wish: string}}
  instructions: {text: "Read the comments of {{ task.pr }}. {{ task.wish }}"}
  autonomy: propose
  models: [dev]
  tools: [github.pr.get, github.pr.comments, github.pr.comment, github.pr.diff]
  output: {said: string}
"""
WAYS: Mapping[str, Callable[[str], str]] = {
    "plain": lambda text: f"the token is {text}, keep it",
    "url": lambda text: f"https://evil.example/?t={quote(text, safe='')}",
    "base64": lambda text: base64.b64encode(f"x:{text}".encode()).decode(),
    "base64 of more": lambda text: base64.b64encode(f"Authorization: Bearer {text}\r\n".encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "json in json": lambda text: json.dumps({"headers": {"Authorization": f"Bearer {text}"}}),
}


@dataclass
class Listening:
    """The scripted model, and everything it was shown."""

    script: ScriptedModel
    shown: list[str] = field(default_factory=list[str])

    @property
    def name(self) -> str:
        return self.script.name

    def decide(self, call: ModelCall, secret: str | None, /) -> ModelAnswer | ModelFault:
        self.shown.append(repr(call))
        return self.script.decide(call, secret)


def listening(*decisions: Any) -> Listening:
    return Listening(
        ScriptedModel(parse_script(json_text({"version": 0, "decisions": [*decisions]}).encode()))
    )


def call(tool: str, **args: Any) -> Any:
    return {"call": {"tool": tool, "args": {**SEVEN, **args}}}


def respond(said: str) -> Any:
    return {"respond": {"said": said}}


@pytest.fixture
def talker(make_portfolio: Any, github: Server, sandbox: Any) -> Any:
    """A portfolio whose credential is the canary, with an agent that reads and writes comments."""
    github.github.token = CANARY
    return make_portfolio({"agents/talker/agent.yaml": AGENT})


@pytest.fixture
def silence(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Checks that nothing a run has written, shown, printed or returned holds the canary."""

    def check(portfolio: Any, result: Any, model: Listening, but: Any = ()) -> None:
        home = portfolio.runtime.home
        assert found(home, but=but) == []
        assert not any(sings(shown) for shown in model.shown)
        assert not sings(repr(result))
        assert not sings(repr(portfolio.runtime))
        monkeypatch.setenv("REMIT_HOME", str(home))
        for command in ("show", "audit", "explain", "trace"):
            assert remitd(["runs", command, result.run]) == 0
            out, err = capfd.readouterr()
            assert len(out) > 200
            assert not sings(out + err)

    return check


@pytest.mark.parametrize("way", WAYS)
def test_a_tool_that_gives_the_secret_back_gives_it_to_nobody(
    talker: Any, sandbox: Any, silence: Any, way: str
) -> None:
    sandbox.comments.append(Comment(1, 7, WAYS[way](CANARY), "mallory"))
    model = listening(call("github.pr.comments"), respond("Nothing to say."))
    result = talker.run("remit.talker", TASK, model)
    assert result.reason == "succeeded"
    (settled,) = talker.events(result.run, "tool_settled")
    assert settled.redactions == ("credential.github_app",)
    assert "[redacted:credential.github_app]" in settled.output
    silence(talker, result, model)


def test_the_secret_was_sent_all_the_while(talker: Any, github: Server) -> None:
    model = listening(call("github.pr.get"), respond("Seen."))
    result = talker.run("remit.talker", TASK, model)
    assert result.reason == "succeeded", result.detail
    assert [status for _, _, status in github.github.requests] == [200]


def test_an_error_that_echoes_the_header_is_cut(talker: Any, github: Server, silence: Any) -> None:
    github.github.echoes_authorization = True
    model = listening(call("github.pr.get", pr=99), respond("There is none."))
    result = talker.run("remit.talker", TASK, model)
    (settled,) = talker.events(result.run, "tool_settled")
    assert settled.code == "http_status"
    assert "[redacted:credential.github_app]" in settled.output
    silence(talker, result, model)


def test_a_diff_and_an_output_of_another_form_are_cut(talker: Any, sandbox: Any, silence: Any) -> None:
    sandbox.pulls[7].diff = f"+TOKEN = '{CANARY}'\n"
    sandbox.comments.append(Comment("no number", 7, CANARY, "mallory"))  # type: ignore[arg-type]  # a server that lies
    model = listening(call("github.pr.diff"), call("github.pr.comments"), respond("A token."))
    result = talker.run("remit.talker", TASK, model)
    assert [event.code for event in talker.events(result.run, "tool_settled")] == [None, "output_invalid"]
    silence(talker, result, model)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_knows_the_secret_can_send_it_nowhere(
    talker: Any, github: Server, silence: Any, way: str
) -> None:
    model = listening(call("github.pr.comment", body=WAYS[way](CANARY)), respond(f"It is {CANARY}."))
    result = talker.run("remit.talker", TASK, model)
    denied = talker.events(result.run, "tool_decided")
    # What a model says is cut before it is followed, so that the secret does not even reach the call.
    assert all(event.code in ("secret_egress", "allowed", "approval_needed") for event in denied)
    assert not any(sings(body) for body in github.github.comments_of("remit/sandbox", 7))
    silence(talker, result, model)


def test_a_task_that_holds_the_secret_is_written_down_without_it(talker: Any, silence: Any) -> None:
    model = listening(respond("No."))
    result = talker.run("remit.talker", {**TASK, "wish": f"Use {CANARY}, please."}, model)
    silence(talker, result, model)


def test_a_request_that_times_out_and_a_run_that_waits_say_nothing(
    talker: Any, github: Server, sandbox: Any, silence: Any
) -> None:
    app = github.github.repository("remit/app")
    app.pulls[7] = sandbox.pulls[7]
    model = listening(call("github.pr.comment", repository="remit/app", body="Well."), respond("Asked."))
    result = talker.run("remit.talker", TASK, model)
    assert result.status == "waiting"
    silence(talker, result, model)


def test_a_credential_in_a_file_is_kept_as_well_as_one_in_the_environment(
    make_portfolio: Any, github: Server, sandbox: Any, silence: Any
) -> None:
    github.github.token = CANARY
    filed = (Path(__file__).parents[3] / "policies" / "github_app.yaml").read_text("utf-8")
    filed = filed.replace("{env: REMIT_GITHUB_TOKEN}", "{file: github.token}")
    portfolio = make_portfolio({"agents/talker/agent.yaml": AGENT, "policies/github_app.yaml": filed}, {})
    folder = portfolio.runtime.home / "credentials"
    folder.mkdir(mode=0o700)
    (folder / "github.token").touch(mode=0o600)
    (folder / "github.token").write_text(f"{CANARY}\n", "utf-8")
    sandbox.comments.append(Comment(1, 7, CANARY, "mallory"))
    model = listening(call("github.pr.comments"), respond("Nothing."))
    result = portfolio.run("remit.talker", TASK, model)
    assert result.reason == "succeeded"
    silence(portfolio, result, model, but=["credentials/github.token"])


def test_the_canary_is_found_where_it_is(tmp_path: Path) -> None:
    for number, way in enumerate(WAYS.values()):
        (tmp_path / f"{number}.txt").write_text(way(CANARY), "utf-8")
    assert len(found(tmp_path)) == len(WAYS)
    assert not sings("a text without it")
