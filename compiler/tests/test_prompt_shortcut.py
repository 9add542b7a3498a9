"""Templates that are cut without Jinja2 are cut exactly as Jinja2 would."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from remit.prompt import plain_segments, prompt_by_jinja, prompt_of

PIECES = (
    *("{{", "}}", " ", "\n", "task", ".", "a_1", "{", "}", "{{ task.a }}", "{{x}}"),
    *("-", "0", "true", "é", "'", "| f", "{#", "#}", "{# x #}", "#"),
)
NOT_PLAIN = (
    *("{{ true }}", "{{ task.a | upper }}", "{{ task[0] }}", "{{ a", "{{{ a }}", "{%- raw %}"),
    *("{#- x #}", "{# x -#}", "{# a"),
)


@settings(max_examples=400, deadline=None)
@given(source=st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example(source="{{ task.if }}{{\n task\n .a }}")
@example(source="a {{ task }}\n{{{ task }}} }}")
@example(source="{{ task.a\u00a0}}")
@example(source="a {# b {{ c }} #} d {# #}\n{{ e }}{# f\n #}{{ g }}")
def test_the_short_way_says_what_jinja_says(source: str) -> None:
    plain = plain_segments(source)

    if plain is not None:
        assert plain == prompt_by_jinja(source).segments
        assert prompt_by_jinja(source).faults == ()


@pytest.mark.parametrize("source", NOT_PLAIN)
def test_whatever_else_a_template_holds_is_for_jinja(source: str) -> None:
    assert plain_segments(source) is None
    assert prompt_of(source) == prompt_by_jinja(source)


def test_plain_slots_are_cut_the_short_way() -> None:
    assert plain_segments("Review {{ task.base }}.\n{{ look.diff }}") is not None
