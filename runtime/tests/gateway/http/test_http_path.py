"""Attack: arguments that would make another path, host or header of a request than its definition shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.tool import HttpIR
from remit_runtime.gateway.http_request import Request, request_of
from remit_runtime.gateway.outcome import Denial

ONE = HttpIR("GET", "https://api.example/notes/{name}/end", ("api.example",), "none")
KEEPS = HttpIR("GET", "https://api.example/repos/{+name}/end", ("api.example",), "none")
QUERY = HttpIR("GET", "https://api.example/find", ("api.example",), "none", query=("name",))


def built(http: HttpIR, value: Any) -> Request | Denial:
    return request_of(http, {"name": value}, {})


def target(http: HttpIR, value: Any) -> str:
    found = built(http, value)
    assert isinstance(found, Request), found
    return found.target


@pytest.mark.parametrize(
    "value",
    ["..", ".", "", "a\r\nX-Evil: 1", "a\nb", "a\0b", "a\\b", "..\\..", "\x7f", "a\u2028b", "a\x85b"],
)
@pytest.mark.parametrize("http", [ONE, KEEPS])
def test_a_value_that_would_change_the_path_is_refused(http: HttpIR, value: str) -> None:
    found = built(http, value)
    assert isinstance(found, Denial)
    assert found.code == "path_unsafe"


@pytest.mark.parametrize(
    "value",
    [
        *("../x", "a/..", "a/../b", "a/./b", "/a", "a/", "a//b", "//evil.example/a"),
        *("%2e%2e/a", "a/%2E%2e", "a?b=1", "a#b", "a%2fb", "https://evil.example/a?"),
    ],
)
def test_a_value_that_keeps_its_slashes_opens_no_other_path(value: str) -> None:
    found = built(KEEPS, value)
    assert isinstance(found, Denial)
    assert found.code == "path_unsafe"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a/../b", "a%2F..%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("x?admin=1#top", "x%3Fadmin%3D1%23top"),
        ("@evil.example", "%40evil.example"),
        ("//evil.example", "%2F%2Fevil.example"),
        ("ada@evil.example:80", "ada%40evil.example%3A80"),
        ("ä b", "%C3%A4%20b"),
        (7, "7"),
        (True, "true"),
        ("{name}", "%7Bname%7D"),
    ],
)
def test_a_value_is_one_part_of_one_segment(value: Any, expected: str) -> None:
    assert target(ONE, value) == f"/notes/{expected}/end"


def test_a_repository_keeps_its_slash_and_nothing_else() -> None:
    assert target(KEEPS, "acme/app") == "/repos/acme/app/end"
    assert target(KEEPS, "acme/a@b:c") == "/repos/acme/a%40b%3Ac/end"


@pytest.mark.parametrize(
    ("value", "expected"), [("a&b=c", "a%26b%3Dc"), ("a\r\nb", "a%0D%0Ab"), ("#", "%23")]
)
def test_a_value_of_the_query_stays_one_value(value: str, expected: str) -> None:
    assert target(QUERY, value) == f"/find?name={expected}"


def test_a_list_is_a_value_of_the_query_for_each_item() -> None:
    assert target(QUERY, ["a", "b"]) == "/find?name=a&name=b"
    assert target(QUERY, None) == "/find"


@pytest.mark.parametrize(("value", "code"), [(None, "argument_missing"), ({"a": 1}, "argument_not_scalar")])
def test_a_path_needs_a_scalar_for_each_of_its_arguments(value: Any, code: str) -> None:
    found = built(ONE, value)
    assert isinstance(found, Denial)
    assert found.code == code


def test_two_values_beside_each_other_make_no_dots() -> None:
    beside = HttpIR("GET", "https://api.example/{a}{b}/end", ("api.example",), "none")
    found = request_of(beside, {"a": ".", "b": "."}, {})
    assert isinstance(found, Denial)
    assert found.code == "path_unsafe"


def test_a_path_of_more_than_eight_kibibytes_is_refused() -> None:
    found = built(ONE, "a" * 9_000)
    assert isinstance(found, Denial)
    assert found.code == "args_too_large"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://other.example/", ("api.example",)),
        ("http://api.example/", ("api.example",)),
        ("https://api.example@evil.example/", ("api.example", "evil.example")),
        ("https://api.example\\@evil.example/", ("api.example",)),
        ("https://API.example/", ("API.example",)),
        ("https://[::1]/", ("[::1]",)),
        ("file:///etc/passwd", ("api.example",)),
    ],
)
def test_a_definition_that_asks_no_declared_host_by_https_is_refused(url: str, hosts: Any) -> None:
    found = request_of(HttpIR("GET", url, hosts, "none"), {}, {})
    assert isinstance(found, Denial)
    assert found.code == "host_not_declared"


@given(value=st.text(max_size=60), keeps=st.booleans())
def test_no_value_leaves_its_place_in_the_path(value: str, keeps: bool) -> None:
    found = built(KEEPS if keeps else ONE, value)
    if isinstance(found, Denial):
        return
    before, after = ("/repos/", "/end") if keeps else ("/notes/", "/end")
    inside = found.target.removeprefix(before).removesuffix(after)
    assert found.target == f"{before}{inside}{after}"
    assert found.target.isascii()
    assert found.target.isprintable()
    assert not any(mark in found.target for mark in "?#\\ ")
    assert keeps or "/" not in inside
    assert found.target.count("/") == 3 + inside.count("/")
    assert not {"", ".", ".."} & set(inside.split("/"))
    assert (found.host, found.port) == ("api.example", 443)
