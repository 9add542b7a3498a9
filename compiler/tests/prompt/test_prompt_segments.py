"""Prompts: which templates become which segments, and what is refused where: the table of docs/language.md."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.prompt.segments import Place, Prompt, PromptFault, SlotAt, Words

Evaluate = Callable[..., Prompt]
LANGUAGE = Path(__file__).parents[3] / "docs" / "language.md"
_ROW = re.compile(r"^\| `(.+?)` \| (?:`(.+)`|(error .+)) \|$", re.MULTILINE)


def cases() -> list[tuple[str, str]]:
    """The templates of the table, each with what it becomes."""
    text = LANGUAGE.read_text(encoding="utf-8")
    table = text.partition("<!-- cases of prompts")[2].partition("\n\n")[0]
    rows = [(plain(row[0]), plain(row[1]) or row[2]) for row in _ROW.findall(table)]
    assert len(rows) == table.count("\n| `"), "every row of the table is read"
    return rows


def plain(cell: str) -> str:
    return cell.replace("\\|", "|").replace("⏎", "\n")


def told(prompt: Prompt) -> str:
    if prompt.faults:
        [fault] = prompt.faults
        return f"error {fault.place.line}:{fault.place.column}: {fault.message}"
    return "".join(one.text if isinstance(one, Words) else f"<{one}>" for one in prompt.segments)


@pytest.mark.parametrize(("source", "becomes"), cases())
def test_a_template_becomes_what_the_language_says(evaluate: Evaluate, source: str, becomes: str) -> None:
    assert told(evaluate(source)) == becomes


def test_a_slot_names_its_root_steps_and_place(evaluate: Evaluate) -> None:
    slot = SlotAt("review", ("findings", "0"), Place("prompt.md", 2, 4, 6))
    assert evaluate("Look at\n{{ review.findings.0 }}!").segments == (Words("Look at\n"), slot, Words("!"))


def test_every_fault_of_a_template_is_found_in_one_reading(evaluate: Evaluate) -> None:
    assert len(evaluate("{{ a|b }}{{ c() }}{% if x %}{% endif %}").faults) == 3


def test_what_prompts_cannot_use_is_found_in_branches_that_are_not_taken(evaluate: Evaluate) -> None:
    [fault] = evaluate("{% if false %}{{ c() }}{% endif %}").faults
    assert (fault.message, fault.place.column) == ("a prompt cannot use `call`", 18)


def test_a_name_whose_set_was_refused_is_not_told_again(evaluate: Evaluate) -> None:
    assert len(evaluate("{% set a = task.x %}{{ a }}{% if a %}{% endif %}").faults) == 1


def test_a_fault_of_an_included_file_stands_in_that_file(evaluate: Evaluate) -> None:
    [fault] = evaluate("{% include 'a.md' %}", {"a.md": "one\n  {{ x.y | upper }}"}).faults
    assert (fault.place.file, fault.place.line, fault.place.column) == ("a.md", 2, 6)


def test_a_slot_of_an_included_file_knows_its_file(evaluate: Evaluate) -> None:
    _, slot = evaluate("{% include 'a.md' %}", {"a.md": "Is {{ task.x }}"}).segments
    assert isinstance(slot, SlotAt)
    assert slot.place == Place("a.md", 1, 7, 4)


def test_an_included_file_sees_names_and_keeps_its_own(evaluate: Evaluate) -> None:
    source = "{% set a = 'x' %}{% include 'a.md' %}{{ a }}"
    assert told(evaluate(source, {"a.md": "{{ a }}{% set a = 'y' %}{{ a }}-"})) == "xy-x"


def test_a_name_that_is_set_in_a_for_ends_with_it(evaluate: Evaluate) -> None:
    source = "{% set a = 1 %}{% for n in [1, 2] %}{{ a }}{% set a = 9 %}{{ a }}{% endfor %}{{ a }}"
    assert told(evaluate(source)) == "19191"


def test_a_name_that_is_no_slot_and_has_no_value_is_no_list(evaluate: Evaluate) -> None:
    [fault] = evaluate("{% for t in toolz %}{% endfor %}", roots=("task",)).faults
    assert fault.message == "there is no `toolz`"


def test_a_state_cannot_be_set(evaluate: Evaluate) -> None:
    [fault] = evaluate("{% set review = 1 %}", roots=("task", "review")).faults
    assert fault.message == "`review` cannot be set"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 'a' if 1 == 1 else task.x }}", "a"),
        ("{{ task.x if agent.id == 'acme.reviewer' else 'b' }}", "<task.x>"),
        ("{{ 1 < 2 <= 2 }} {{ 'a' > 'b' }} {{ 1 == true }}", "true false false"),
        ("{{ 'x' in 'xyz' }} {{ 'k' in {'k': 1} }} {{ 3 not in [1] }}", "true true true"),
        ("{{ not [] and 'yes' or 'no' }}", "yes"),
        ("{{ 3 - 5 }} {{ -2 + 2 }}", "-2 0"),
        ("{{ 'a\nb' | indent }}", "a\n    b"),
        ("{{ 'a\n\nb' | indent(2, true) }}", "  a\n\n  b"),
        (
            "{{ tools | last | tojson }}",
            '{"capability":"git.grep","description":"","effect":"read","id":"git.grep"}',
        ),
        ("{{ (tools | last).id | capitalize }}", "Git.grep"),
        ("{{ tools | sort(attribute='description') | map(attribute='id') | join }}", "git.grepgit.diff"),
        ("{% for t in tools %}{{ 'x' if loop.last else 'y' }}{{ loop.length }}{% endfor %}", "y2x2"),
        ("{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}", "b"),
        ("{%- set a = {'b': {'c': ['d']}} -%} {{ a.b['c'][0] }}", "d"),
        ("{{ task['a b'].c }}", "<task.a b.c>"),
        ("a\r\nb{{ 1 }}", "a\nb1"),
    ],
)
def test_expressions_give(evaluate: Evaluate, source: str, text: str) -> None:
    assert told(evaluate(source)) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ loop.index }}",
        "{{ [1][1] }}",
        "{{ [1][-1] }}",
        "{{ 'abc'[0] }}",
        "{{ 'abc'[0:1] }}",
        "{{ tools | join(', ', 1) }}",
        "{{ tools | upper }}",
        "{{ [] | first }}",
        "{{ [1, 'a'] | sort }}",
        "{{ tools | map('upper') }}",
        "{{ 'a' | indent(999) }}",
        "{{ 'a' + 'b' }}",
        "{{ 'a' < 1 }}",
        "{{ 1 in 2 }}",
        "{{ {1: 2} }}",
        "{{ 'a' if true }}{{ 'b' if false }}",
        "{{ 9007199254740992 }}",
        "{% for a, b in [] %}{% endfor %}",
        "{% for a in 'abc' %}{% endfor %}",
        "{% for a in [] recursive %}{% endfor %}",
        "{% set a, b = 1, 2 %}",
        "{% set a %}x{% endset %}",
        "{% set agent.id = 1 %}",
        "{% include 'tone.md' ignore missing %}",
        "{% include 'tone.md' without context %}",
        "{% include ['tone.md'] %}",
        "{% with a = 1 %}{{ a }}{% endwith %}",
        "{% filter upper %}x{% endfilter %}",
        "{% block x %}{% endblock %}",
        "{% call x() %}{% endcall %}",
        "{% from 'x' import y %}",
        "{% autoescape true %}{% endautoescape %}",
        "{{ self }}{{ self.x() }}",
        "{{ super() }}",
        "{% do x %}",
        "{{ x | upper(*[1]) }}",
        "{{ task.a * 2 }}",
    ],
)
def test_whatever_else_is_an_error(evaluate: Evaluate, source: str) -> None:
    assert evaluate(source).faults


@settings(deadline=None)
@given(st.text(alphabet="{}%# ab.|()\n'[]~=,1", max_size=60))
def test_reading_any_text_gives_segments_or_faults(evaluate: Evaluate, source: str) -> None:
    prompt = evaluate(source)

    assert all(isinstance(fault, PromptFault) for fault in prompt.faults)


WORDS = st.sampled_from(
    (
        *("{{ ", " }}", "{% ", " %}", "if ", "endif", "for t in ", "endfor", "set a = ", "include 'tone.md'"),
        *("tools", "agent.id", "task.x", "a", "t.id", "loop.index", "[1, 2]", "'s'", " | ", "join", "sort"),
        *(" ~ ", " == ", " in ", " not ", "1", "\n", "text", "{%- ", " -%}", "else", ".x", "[0]", "(", ")"),
    )
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=14).map("".join))
def test_any_words_of_templates_give_segments_or_placed_faults(evaluate: Evaluate, source: str) -> None:
    lines = source.split("\n")
    for fault in evaluate(source).faults:
        if fault.place.file == "prompt.md":
            assert 1 <= fault.place.column <= len(lines[fault.place.line - 1]) + 1
