"""Graders: what passes, what does not, and what they say."""

from typing import Any

import pytest

from remit.evals.graders import GRADERS, MISSING, Grader, Observed, grade
from remit.evals.graders.observed import Call, Request
from remit.evals.graders.policy import violations


def observed(
    output: Any = None, calls: tuple[Call, ...] = (), denied: tuple[str, ...] = (), **more: Any
) -> Observed:
    return Observed(
        reason=more.get("reason", "succeeded"),
        output=output,
        artifacts=more.get("artifacts", {}),
        calls=calls,
        denied=denied,
        output_valid=more.get("output_valid", True),
        microusd=0,
        milliseconds=1,
        writes=more.get("writes", ()),
    )


LOG, GREP = Call("git.log", {"since": "v1"}), Call("git.grep", {"pattern": "x", "paths": ["a"]})


@pytest.mark.parametrize(
    ("grader", "seen", "expected", "detail"),
    [
        (Grader("g", "exact"), observed({"a": 1}), {"a": 1}, "as expected"),
        (Grader("g", "exact"), observed({"a": 1}), {"a": True}, "the output.a is 1, expected true"),
        (Grader("g", "exact", ("a",)), observed({"a": None}), None, "as expected"),
        (Grader("g", "exact", ("b",)), observed({"a": None}), None, "b is missing, expected null"),
        (Grader("g", "exact"), observed({"a": 1}), MISSING, "the case expects nothing of this grader"),
        (
            Grader("g", "json_match", mode="subset"),
            observed({"a": [1, 2], "b": 0}),
            {"a": [1]},
            "as expected",
        ),
        (
            Grader("g", "json_match"),
            observed({"a": [1, 2]}),
            {"a": [1]},
            "the output.a has 2 items, expected 1",
        ),
        (Grader("g", "json_match"), observed({"a": 1, "b": 2}), {"a": 1}, "the output.b is not expected"),
        (Grader("g", "json_match", mode="subset"), observed({}), {"a": 1}, "the output.a is missing"),
        (Grader("g", "contains", ("s",)), observed({"s": "a key"}), "key", "as expected"),
        (Grader("g", "contains", ("s",)), observed({"s": ["k"]}), "key", 's does not hold "key"'),
        (Grader("g", "contains", ("s",)), observed({"s": 4}), "key", "s is 4, neither a string nor an array"),
        (
            Grader("g", "contains", artifact="map.md"),
            observed({}, artifacts={"map.md": "# Map"}),
            "# Map",
            "as expected",
        ),
        (Grader("g", "output_schema"), observed({}, output_valid=None), MISSING, "the run has no output"),
        (Grader("g", "output_schema"), observed({}, output_valid=None), None, "as expected"),
        (
            Grader("g", "output_schema"),
            observed({}, output_valid=True),
            None,
            "the run has an output, and the case expects none",
        ),
        (
            Grader("g", "output_schema"),
            observed({}, output_valid=None, reason="rejected"),
            MISSING,
            "as expected",
        ),
        (
            Grader("g", "output_schema"),
            observed({}, output_valid=False),
            MISSING,
            "the output does not satisfy the agent's output shape",
        ),
        (Grader("g", "trajectory"), observed(calls=(LOG, GREP)), ["git.log", "git.grep"], "as expected"),
        (
            Grader("g", "trajectory"),
            observed(calls=(GREP, LOG)),
            ["git.log", "git.grep"],
            "call 1: `git.grep` was called, expected `git.log`",
        ),
        (Grader("g", "trajectory"), observed(calls=(LOG,)), [], "1 calls were made, expected 0"),
        (
            Grader("g", "trajectory", order="in_order"),
            observed(calls=(LOG, GREP)),
            ["git.grep"],
            "as expected",
        ),
        (
            Grader("g", "trajectory", order="in_order"),
            observed(calls=(GREP, LOG)),
            ["git.log", "git.grep"],
            "no call of `git.grep` in its order",
        ),
        (
            Grader("g", "trajectory", order="any_order"),
            observed(calls=(GREP, LOG)),
            ["git.log"],
            "as expected",
        ),
        (
            Grader("g", "trajectory", order="any_order"),
            observed(calls=(LOG,)),
            ["git.log", "git.log"],
            "no call of `git.log`",
        ),
        (
            Grader("g", "trajectory"),
            observed(calls=(GREP,)),
            [{"tool": "git.grep", "args": {"pattern": "y"}}],
            'call 1: args.pattern is "x", expected "y"',
        ),
        (
            Grader("g", "trajectory"),
            observed(calls=(LOG,)),
            MISSING,
            "the case lists no calls for this grader",
        ),
        (Grader("g", "policy"), observed(denied=()), MISSING, "as expected"),
        (
            Grader("g", "policy"),
            observed(denied=("git.push",)),
            MISSING,
            "denied: git.push; expected: nothing",
        ),
        (Grader("g", "policy"), observed(denied=("git.push",)), ["git.push"], "as expected"),
        (Grader("g", "policy"), observed(denied=()), ["git.push"], "denied: nothing; expected: git.push"),
    ],
)
def test_a_grade_says_whether_it_is_as_expected_and_what_differs(
    grader: Grader, seen: Observed, expected: object, detail: str
) -> None:
    given = grade(grader, seen, expected)

    assert given.detail == detail
    assert given.passed == (detail == "as expected")


def test_an_unlisted_denial_is_a_violation_even_beside_a_listed_one() -> None:
    seen = observed(denied=("git.push", "git.push"))

    assert violations(seen, ["git.push"]) == 1
    assert violations(seen, MISSING) == 2


def test_every_grader_of_the_language_is_there() -> None:
    assert set(GRADERS) == {
        *("exact", "json_match", "contains", "output_schema", "trajectory", "policy", "requests"),
    }


COMMENT = Request("POST", "/repos/acme/shop/issues/7/comments", "api.github.com", {"body": "a", "more": [1]})
DRAFT = Request("POST", "/repos/acme/shop/pulls", "api.github.com", {"draft": True})
PATHS: list[dict[str, str]] = [{"method": "POST", "path": COMMENT.path}, {"path": DRAFT.path}]


WRITTEN: list[tuple[str, Any, str]] = [
    ("exact", PATHS, "as expected"),
    (
        "exact",
        [{"body": {"body": "a"}}, {"host": "api.github.com", "body": {"draft": True}}],
        "as expected",
    ),
    ("exact", PATHS[:1], "2 writes were made, expected 1"),
    ("exact", [], "2 writes were made, expected 0"),
    (
        "exact",
        PATHS[::-1],
        "write 1: `POST /repos/acme/shop/issues/7/comments` was sent, expected `/repos/acme/shop/pulls`",
    ),
    ("exact", [{"body": {"body": "b"}}], 'write 1: body.body is "a", expected "b"'),
    (
        "exact",
        [{"url": "x"}],
        "write 1: the case names a request by `method`, `path`, `host` and `body` only",
    ),
    ("exact", [{}], "write 1: the case names a request by `method`, `path`, `host` and `body` only"),
    ("exact", MISSING, "the case lists no requests for this grader"),
    ("in_order", PATHS[1:], "as expected"),
    ("in_order", PATHS[::-1], f"no write of `POST {COMMENT.path}` in its order"),
    ("any_order", PATHS[::-1], "as expected"),
    ("any_order", [PATHS[1], PATHS[1]], f"no write of `{DRAFT.path}`"),
    ("any_order", [{"method": "DELETE"}], "no write of `DELETE`"),
]


@pytest.mark.parametrize(("order", "expected", "detail"), WRITTEN, ids=str)
def test_the_writes_that_services_received_are_graded(order: Any, expected: Any, detail: str) -> None:
    found = grade(Grader("g", "requests", order=order), observed(writes=(COMMENT, DRAFT)), expected)

    assert (found.passed, found.detail) == (detail == "as expected", detail)
