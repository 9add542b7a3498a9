"""Places, the order of findings, and the nearest name."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.diagnostic import Diagnostic, in_order, nearest
from remit.source import SourceFile, span_at

spans = st.builds(
    span_at, st.sampled_from(["a", "b"]), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2)
)
findings = st.builds(
    Diagnostic,
    st.sampled_from(["SYN001", "SYN002"]),
    st.just("n"),
    st.just("error"),
    spans,
    st.sampled_from("xy"),
)


@given(st.lists(findings), st.randoms(use_true_random=False))
def test_the_order_of_findings_hangs_on_nothing_else(
    found: list[Diagnostic], shuffler: random.Random
) -> None:
    shuffled = [*found, *found]
    shuffler.shuffle(shuffled)

    assert in_order(shuffled) == in_order(found)
    assert set(in_order(found)) == set(found)
    assert sorted(in_order(found), key=lambda one: one.sort_key) == list(in_order(found))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *[
            ("git.lgo", "git.log"),
            ("Git.Log", "git.log"),
            ("git.dif", "git.diff"),
            ("code_search", "code.search"),
        ],
        *[("repo-owner", "repo_owner"), ("modles", "models"), ("model", "models"), ("git.diffs", "git.diff")],
        *[("x", None), ("kubernetes", None), ("", None)],
    ],
)
def test_the_nearest_name_is_what_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, ["git.log", "git.diff", "code.search", "models", "repo_owner"]) == meant


@given(
    st.text("abc_", max_size=5),
    st.lists(st.text("abc_", max_size=5), max_size=6),
    st.randoms(use_true_random=False),
)
def test_the_nearest_name_does_not_hang_on_the_order_of_names(
    word: str, names: list[str], shuffler: random.Random
) -> None:
    shuffled = list(names)
    shuffler.shuffle(shuffled)

    assert nearest(word, shuffled) == nearest(word, names)
    assert nearest(word, names) != word


def test_lines_end_where_yaml_ends_them() -> None:
    file = SourceFile("f", "\ufeffone\r\ntwo\rthree\nfo\u2028ur".encode())

    assert [file.line(number) for number in range(6)] == [None, "one", "two", "three", "fo\u2028ur", None]
