"""Templates that are cut without Jinja2 are cut exactly as Jinja2 would."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from remit.prompt.evaluate import evaluated
from remit.prompt.plain import MAX_CHARACTERS, MAX_FILES, plain_segments
from remit.prompt.segments import Place, Prompt, Segment, SlotAt, Template, Words

PIECES = (
    *("{{", "}}", " ", "\n", "task", ".", "a_1", "{", "}", "{{ task.a }}", "{{x}}"),
    *("-", "0", "true", "é", "'", "| f", "{#", "#}", "{# x #}", "#", "agent", "{{ tools }}"),
    *("{%", "%}", "include", '"tone.md"', "{% include 'tone.md' %}", '{%\ninclude "slots.md"%}', "\r"),
    *(
        '{% include "nested.md" %}',
        "{% include 'odd.md' %}",
        "{% include 'self.md' %}",
        "{% include 'none.md' %}",
    ),
)
FILES = {
    "tone.md": "Be brief.\n",
    "slots.md": "{{ task.b }}\n{# c #}{{ a }}",
    "nested.md": "\n{% include 'slots.md' %} {{ task.c }}{% include 'tone.md' %}\n",
    "odd.md": "{% if true %}{{ a }}{% endif %}\r\n",
    "self.md": "{% include 'self.md' %}",
}
NOT_PLAIN = (
    *("{{ true }}", "{{ task.a | upper }}", "{{ task[0] }}", "{{ a", "{{{ a }}", "{%- raw %}"),
    *("{#- x #}", "{# x -#}", "{# a", "{{ agent.id }}", "{{ tools }}", "{{ loop }}"),
    *("{% include 'odd.md' %}", "{% include 'self.md' %}", "{% include 'none.md' %}", "{% include tone %}"),
    *("{%- include 'tone.md' %}", "{% include 'tone.md' -%}", "{% include 'tone.md' ignore missing %}"),
    *(
        "{% include 'to\\x6ee.md' %}",
        "{% include 'tone.md', 'slots.md' %}",
        "{% set a = 1 %}",
        "{{% include 'tone.md' %}",
    ),
)


def plain(source: str) -> tuple[Segment, ...] | None:
    return plain_segments(Template("prompt.md", "prompt.md", source), given_file)


def given_file(base: str, written: str, place: Place) -> Template | None:
    return Template(written, written, FILES[written]) if written in FILES else None


@settings(max_examples=400, deadline=None)
@given(source=st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example(source="{{ task.if }}{{\n task\n .a }}")
@example(source="a {{ task }}\n{{{ task }}} }}")
@example(source="{{ task.a\u00a0}}")
@example(source="{% include 'nested.md' %}{{ a }}{% include 'slots.md' %}")
@example(source="a {# b {{ c }} #} d {# #}\n{{ e }}{# f\n #}{{ g }}")
def test_the_short_way_says_what_jinja_says(evaluate: Callable[..., Prompt], source: str) -> None:
    short = plain(source)

    if short is not None:
        assert evaluate(source, FILES) == Prompt(short)


@pytest.mark.parametrize("source", NOT_PLAIN)
def test_whatever_else_a_template_holds_is_for_jinja(source: str) -> None:
    assert plain(source) is None


def test_plain_slots_are_cut_the_short_way() -> None:
    assert plain("Review {{ task.base }}.\n{{ look.diff }}") is not None


def test_files_are_included_the_short_way() -> None:
    source = "A\n {% include 'nested.md' %} B {% include \"tone.md\" %}"

    assert plain(source) == (
        Words("A\n \n"),
        SlotAt("task", ("b",), Place("slots.md", 1, 4, 4)),
        Words("\n"),
        SlotAt("a", (), Place("slots.md", 2, 11, 1)),
        Words(" "),
        SlotAt("task", ("c",), Place("nested.md", 2, 29, 4)),
        Words("Be brief.\n\n B Be brief.\n"),
    )


@pytest.mark.parametrize(("times", "text"), [(MAX_FILES + 1, ""), (1, "x" * MAX_CHARACTERS)])
def test_what_includes_much_is_for_jinja(times: int, text: str) -> None:
    assert plain(text + "{% include 'tone.md' %}" * times) is None


def test_a_file_is_asked_for_at_the_place_that_the_evaluator_names() -> None:
    asked: list[tuple[str, str, Place]] = []

    def read(base: str, written: str, place: Place) -> None:
        asked.append((base, written, place))

    template = Template("a/prompt.md", "a/prompt.md", "x\n{{ a }} {% include 'b.md' %}")
    plain_segments(template, read)
    evaluated(template, {}, None, read)

    assert asked == [("a/prompt.md", "b.md", Place("a/prompt.md", 2, 20, 6))] * 2
