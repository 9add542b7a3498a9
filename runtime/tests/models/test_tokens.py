"""How many tokens a text is taken to have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.models.tokens import estimated_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("a", 1), ("ab", 1), ("abc", 2), ("ä", 1), ("日本", 3), ("😀", 2), ("\ud800", 2)],
)
def test_a_token_is_two_bytes_of_utf_8_rounded_up(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens


@given(st.text(), st.text())
def test_joined_texts_have_at_most_the_sum_and_at_least_the_longer(one: str, other: str) -> None:
    joined = estimated_tokens(one + other)
    assert max(estimated_tokens(one), estimated_tokens(other)) <= joined
    assert joined <= estimated_tokens(one) + estimated_tokens(other)
