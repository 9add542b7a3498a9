"""Templates that are cut without Jinja2 are cut exactly as Jinja2 would."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from remit.prompt.plain import plain_segments
from remit.prompt.segments import Prompt, Segment, Template

PIECES = (
    *("{{", "}}", " ", "\n", "task", ".", "a_1", "{", "}", "{{ task.a }}", "{{x}}"),
    *("-", "0", "true", "é", "'", "| f", "{#", "#}", "{# x #}", "#", "agent", "{{ tools }}"),
)
NOT_PLAIN = (
    *("{{ true }}", "{{ task.a | upper }}", "{{ task[0] }}", "{{ a", "{{{ a }}", "{%- raw %}"),
    *("{#- x #}", "{# x -#}", "{# a", "{{ agent.id }}", "{{ tools }}", "{{ loop }}"),
)


def plain(source: str) -> tuple[Segment, ...] | None:
    return plain_segments(Template("prompt.md", "prompt.md", source))


@settings(max_examples=400, deadline=None)
@given(source=st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example(source="{{ task.if }}{{\n task\n .a }}")
@example(source="a {{ task }}\n{{{ task }}} }}")
@example(source="{{ task.a\u00a0}}")
@example(source="a {# b {{ c }} #} d {# #}\n{{ e }}{# f\n #}{{ g }}")
def test_the_short_way_says_what_jinja_says(evaluate: Callable[..., Prompt], source: str) -> None:
    short = plain(source)

    if short is not None:
        assert evaluate(source) == Prompt(short)


@pytest.mark.parametrize("source", NOT_PLAIN)
def test_whatever_else_a_template_holds_is_for_jinja(source: str) -> None:
    assert plain(source) is None


def test_plain_slots_are_cut_the_short_way() -> None:
    assert plain("Review {{ task.base }}.\n{{ look.diff }}") is not None
