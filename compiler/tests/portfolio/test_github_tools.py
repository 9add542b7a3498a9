"""The tools of GitHub on the real runtime against a GitHub of this machine: what is asked, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from github_loopback.server import Server
from github_loopback.state import Comment, Issue

PULL = "{repository: string, pr: integer}"
WHICH = '{repository: "${task.repository}", pr: "${task.pr}"}'
SEVEN = {"repository": "remit/sandbox", "pr": 7}


def answer(result: Any) -> Any:
    assert (result.status, result.reason) == ("ended", "succeeded"), result
    return json.loads(result.output)["answer"]


@pytest.fixture
def call(make_portfolio: Any, calling: Any, sandbox: Any) -> Callable[..., Any]:
    """`call(tool, task, args, given, ...)`: the portfolio, and what a run that makes the call came to."""

    def run(
        tool: str, task: str, args: str, given: Any, environ: Any = None, autonomy: str = "propose"
    ) -> tuple[Any, Any]:
        portfolio = make_portfolio(calling(tool, task, args, autonomy), environ)
        return portfolio, portfolio.run("remit.caller", given)

    return run


def settled(portfolio: Any, result: Any) -> Any:
    return portfolio.events(result.run, "tool_settled")[-1]


def decided(portfolio: Any, result: Any) -> Any:
    return portfolio.events(result.run, "tool_decided")[-1]


def test_a_pull_request_is_read(call: Any, github: Server) -> None:
    _, result = call("github.pr.get", PULL, WHICH, SEVEN)
    found = answer(result)
    assert (found["number"], found["title"], found["author"], found["labels"]) == (
        7,
        "Count from two",
        "grace",
        ["bug"],
    )
    assert (found["head_ref"], found["base_ref"], found["changed_files"]) == ("topic", "main", 1)
    assert github.github.requests == [("GET", "/repos/remit/sandbox/pulls/7", 200)]
    assert github.github.violations == []


def test_the_files_of_a_pull_request_are_read(call: Any, github: Server) -> None:
    _, result = call("github.pr.files", PULL, WHICH, SEVEN)
    (one,) = answer(result)["items"]
    assert (one["path"], one["status"], one["additions"], one["deletions"]) == ("count.py", "modified", 1, 1)
    assert github.github.requests[0][1] == "/repos/remit/sandbox/pulls/7/files?page=1&per_page=100"
    assert github.github.violations == []


def test_the_diff_of_a_pull_request_is_text(call: Any, sandbox: Any) -> None:
    _, result = call("github.pr.diff", PULL, WHICH, SEVEN)
    assert answer(result) == {"text": sandbox.pulls[7].diff}


def test_comments_come_a_page_at_a_time(call: Any, sandbox: Any, github: Server) -> None:
    sandbox.comments += [Comment(number, 7, f"comment {number}", "ada") for number in range(1, 6)]
    task = "{repository: string, pr: integer, page: integer}"
    args = '{repository: "${task.repository}", pr: "${task.pr}", page: "${task.page}", per_page: 2}'
    _, result = call("github.pr.comments", task, args, {**SEVEN, "page": 3})
    assert [one["body"] for one in answer(result)["items"]] == ["comment 5"]
    assert github.github.violations == []


def test_an_issue_is_read_and_a_pull_request_is_one_too(call: Any, sandbox: Any) -> None:
    sandbox.issues[3] = Issue(3, "It counts from one", "Always.", labels=("bug", "help wanted"))
    task, args = (
        "{repository: string, issue: integer}",
        '{repository: "${task.repository}", issue: "${task.issue}"}',
    )
    _, result = call("github.issue.get", task, args, {"repository": "remit/sandbox", "issue": 3})
    assert answer(result)["labels"] == ["bug", "help wanted"]
    assert "pull_request_url" not in answer(result)


COMMENT = "{repository: string, pr: integer, body: string}"
SAID = '{repository: "${task.repository}", pr: "${task.pr}", body: "${task.body}"}'


def test_a_comment_is_written_once_where_the_risk_is_low(call: Any, github: Server) -> None:
    portfolio, result = call("github.pr.comment", COMMENT, SAID, {**SEVEN, "body": "Well counted."})
    assert answer(result)["author"] == "remit-agents[bot]"
    assert github.github.comments_of("remit/sandbox", 7) == [answer(result)["body"]]
    assert answer(result)["body"].startswith("Well counted.")
    assert github.github.violations == []
    (intended,) = portfolio.events(result.run, "tool_intended")
    assert intended.credential == f"github_app@{intended.call}"


def test_a_comment_where_the_risk_is_high_waits_for_an_owner(call: Any, github: Server, sandbox: Any) -> None:
    app = github.github.repository("remit/app")
    app.pulls[7] = sandbox.pulls[7]
    given = {"repository": "remit/app", "pr": 7, "body": "Well counted."}
    portfolio, result = call("github.pr.comment", COMMENT, SAID, given)
    assert result.status == "waiting"
    assert decided(portfolio, result).outcome == "require_approval"
    assert github.github.requests == []


DRAFT = "{repository: string, head: string}"
DRAFTED = '{repository: "${task.repository}", head: "${task.head}", base: main, title: Fix, body: Fixed.}'


def test_a_pull_request_is_opened_as_a_draft(call: Any, sandbox: Any, github: Server) -> None:
    given = {"repository": "remit/sandbox", "head": "fix"}
    _, result = call("github.pr.create_draft", DRAFT, DRAFTED, given)
    assert (answer(result)["number"], answer(result)["draft"]) == (8, True)
    assert sandbox.pulls[8].draft is True
    assert github.github.violations == []


def test_a_draft_from_no_branch_is_told_as_github_says_it(call: Any) -> None:
    given = {"repository": "remit/sandbox", "head": "nowhere"}
    portfolio, result = call("github.pr.create_draft", DRAFT, DRAFTED, given)
    event = settled(portfolio, result)
    assert (event.outcome, event.code) == ("error", "http_status")
    assert '"status":422' in event.output
    assert "Validation Failed" in event.output


@pytest.mark.parametrize(
    ("given", "environ", "status"),
    [
        ({"repository": "remit/sandbox", "pr": 99}, None, 404),
        ({"repository": "remit/gone", "pr": 7}, None, 404),
        (SEVEN, {"REMIT_GITHUB_TOKEN": "ghs_0123456789abcdef0123456789abcdef0123"}, 401),
    ],
)
def test_what_github_refuses_is_an_error_with_its_words(
    call: Any, given: Any, environ: Any, status: int
) -> None:
    portfolio, result = call("github.pr.get", PULL, WHICH, given, environ)
    event = settled(portfolio, result)
    assert (result.reason, event.code) == ("failed", "http_status")
    assert f'"status":{status}' in event.output


def test_a_rate_limit_is_an_error_and_is_not_asked_again(call: Any, github: Server) -> None:
    github.github.remaining = 0
    portfolio, result = call("github.pr.get", PULL, WHICH, SEVEN)
    assert "API rate limit exceeded" in settled(portfolio, result).output
    assert len(github.github.requests) == 1


def test_without_a_token_nothing_is_asked(call: Any, github: Server) -> None:
    portfolio, result = call("github.pr.get", PULL, WHICH, SEVEN, {})
    assert decided(portfolio, result).code == "credential_missing"
    assert github.github.requests == []


MERGE = '{repository: "${task.repository}", pr: "${task.pr}", sha: 6dcb09b5b57875f334f61aebed695e2e4193db5e}'


# Of one that proposes the check says that it never could (AUT004), and nothing is sealed.
@pytest.mark.parametrize("autonomy", ["autonomous", "act_with_approval"])
def test_no_agent_merges_whatever_its_autonomy(call: Any, github: Server, autonomy: str) -> None:
    portfolio, result = call("github.pr.merge", PULL, MERGE, SEVEN, autonomy=autonomy)
    event = decided(portfolio, result)
    assert (result.reason, event.outcome) == ("failed", "deny")
    assert "policies/github.yaml#agents-do-not-merge" in event.rules
    assert github.github.requests == []


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("deploy.start", '{service: "${task.service}", environment: production, version: "1.0.0"}'),
        ("deploy.promote", '{service: "${task.service}", deployment: d-1}'),
    ],
)
def test_no_agent_deploys_whatever_its_autonomy(call: Any, tool: str, args: str) -> None:
    portfolio, result = call(tool, "{service: string}", args, {"service": "shop"}, autonomy="autonomous")
    event = decided(portfolio, result)
    assert event.outcome == "deny"
    assert "policies/deploy.yaml#agents-do-not-deploy" in event.rules


def test_a_repository_that_nobody_registered_is_unknown(call: Any, github: Server) -> None:
    portfolio, result = call("github.pr.get", PULL, WHICH, {"repository": "evil/sandbox", "pr": 7})
    assert decided(portfolio, result).code == "resource_unknown"
    assert github.github.requests == []
