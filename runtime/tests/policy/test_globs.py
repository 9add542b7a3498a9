"""Globs: what `*` and `**` stand for, against an independent reading of the same words, and in bounded time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.policy.globs import glob_matches, glob_problem, is_glob


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("acme/*", "acme/app", True),
        ("acme/*", "acme/app/x", False),
        ("acme/*", "acme/", True),
        ("acme/*", "acme", False),
        ("*", "acme", True),
        ("*", "acme/app", False),
        ("**", "acme/app", True),
        ("**/*.lock", "a.lock", True),
        ("**/*.lock", "a/b/c.lock", True),
        ("**/*.lock", "a/b.lock/c", False),
        ("**/requirements*.txt", "requirements.txt", True),
        ("**/requirements*.txt", "x/requirements-dev.txt", True),
        ("**/requirements*.txt", "x/my-requirements.txt", False),
        ("**/auth/**", "src/auth/login.py", True),
        ("**/auth/**", "auth/login.py", True),
        ("**/auth/**", "src/auth", False),
        ("**/auth/**", "src/author/login.py", False),
        ("a/**/b", "a/b", True),
        ("a/**/b", "a/x/y/b", True),
        ("a/**/b", "a/x/y/c", False),
        ("a*b*c", "abc", True),
        ("a*b*c", "axbxbxc", True),
        ("a*b*c", "acb", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("[a]", "a", False),
        ("a?c", "abc", False),
        ("Acme/*", "acme/app", False),
    ],
)
def test_a_glob_matches_by_its_words(pattern: str, name: str, matches: bool) -> None:
    assert glob_matches(pattern, name) is matches


def _as_regex(pattern: str) -> str:
    """Another reading of the same definition: each segment as a regular expression, `**` as any segments."""
    *front, last = pattern.split("/")
    text = "".join("(?:[^/]*/)*" if s == "**" else re.escape(s).replace(r"\*", "[^/]*") + "/" for s in front)
    return text + ("(?:[^/]*/)*[^/]*" if last == "**" else re.escape(last).replace(r"\*", "[^/]*"))


SEGMENTS = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "a*b", "**", ""])
NAMES = st.lists(st.sampled_from(["a", "b", "ab", "aab", "ba", ""]), min_size=1, max_size=6).map("/".join)


@given(pattern=st.lists(SEGMENTS, min_size=1, max_size=5).map("/".join), name=NAMES)
def test_the_matcher_agrees_with_another_reading_of_the_definition(pattern: str, name: str) -> None:
    assert glob_matches(pattern, name) is (re.fullmatch(_as_regex(pattern), name) is not None)


def test_no_name_makes_a_glob_slow() -> None:
    many = "/".join(["a" * 50] * 1000)
    assert not glob_matches("**/a*a*a*a*a*b/**/a*a*a*a*b/**/c", many)
    assert not glob_matches("a*" * 40 + "b", "a" * 100_000)


@pytest.mark.parametrize("pattern", ["a**", "**a", "a/**b/c", "a/b**/c", "***", ""])
def test_two_stars_that_share_their_segment_have_no_meaning(pattern: str) -> None:
    assert glob_problem(pattern) is not None


@pytest.mark.parametrize("pattern", ["a", "*", "**", "a/**", "**/b", "a/**/b*"])
def test_a_glob_with_a_meaning_has_no_problem(pattern: str) -> None:
    assert glob_problem(pattern) is None


def test_only_a_star_makes_a_glob() -> None:
    assert [is_glob(text) for text in ("a", "a?", "[a]", "a*", "**")] == [False, False, False, True, True]
