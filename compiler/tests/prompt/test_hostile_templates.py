"""Templates that try to get out, or to never end: each ends in a diagnostic, within the caps on work and text."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from remit.prompt.evaluate import MAX_FAULTS
from remit.prompt.plain import plain_segments
from remit.prompt.refusal import MAX_CHARACTERS, MAX_STEPS
from remit.prompt.segments import Place, Prompt, Template

Evaluate = Callable[..., Prompt]
CPU_SECONDS = 10.0
"""Far above what any of these takes (under two on a slow machine), and far below what each would take without caps."""

ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ agent.__class__ }}",
    "{{ agent['__class__'] }}",
    "{{ tools.append(1) }}",
    "{{ tools | attr('__class__') }}",
    "{{ tools | map(attribute='__class__') | first }}",
    "{{ tools | sort(attribute='__class__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum() }}",
    "{% set x = ''.join %}",
    "{{ (1).__add__(2) }}",
    "{{ '%s' % agent }}",
    "{{ '{0.__class__}'.format(agent) }}",
    "{{ 'a' | format }}",
    "{{ true.__class__ }}",
    "{{ none.x }}",
    "{{ [].x }}",
    "{{ loop.__class__ }}",
    "{% for t in tools %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for t in tools %}{{ loop.__class__ }}{% endfor %}",
    "{% import 'os' as os %}",
    "{% from 'os' import system %}",
    "{% extends '/etc/passwd' %}",
    "{% include '/etc/passwd' %}",
    "{% include '../../outside.md' %}",
)


@pytest.mark.parametrize("source", ESCAPES)
def test_a_template_reaches_nothing_but_values(evaluate: Evaluate, source: str) -> None:
    prompt = evaluate(source, {})

    text = "".join(str(segment) for segment in prompt.segments)
    assert "object" not in text
    assert "root:" not in text
    assert prompt.faults or source.startswith("{% include")


def nested(depth: int, opening: str, inside: str, closing: str) -> str:
    return opening * depth + inside + closing * depth


NUMBERS = "[" + ",".join("1" * 500) + "]"
BOMBS = {
    "loops in loops": "{% set n = " + NUMBERS + " %}" + nested(4, "{% for i in n %}", "x", "{% endfor %}"),
    "silent loops": "{% set n = " + NUMBERS + " %}" + nested(5, "{% for i in n %}", "", "{% endfor %}"),
    "a text that doubles": "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 60,
    "a list that doubles": "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "an object that doubles": "{% set a = {'k': 1} %}"
    + "{% set a = {'l': a, 'r': a} %}" * 60
    + "{{ a | tojson }}",
    "a list of lists compared": "{% set a = ['x'] %}"
    + "{% set a = [a, a] %}" * 60
    + "{% if a == a %}{% endif %}",
    "a text that is joined": "{% set n = " + NUMBERS + " %}{% set a = n | join('" + "x" * 5_000 + "') %}",
    "a text that is indented": "{% set a = '" + "\n" * 60_000 + "' | indent(80) %}",
    "a large output": "{% set n = " + NUMBERS + " %}{% for i in n %}" + "x" * 5_000 + "{% endfor %}",
    "many slots": "{% set n = " + NUMBERS + " %}{% for i in n %}" + "{{ task.a }}" * 50 + "{% endfor %}",
    "a deep expression": "{{ " + nested(20_000, "(", "1", ")") + " }}",
    "a long sum": "{{ 1" + " + 1" * 15_000 + " }}",
    "many filters": "{{ 'x'" + " | upper" * 7_000 + " }}",
    "many negations": "{{ " + "not " * 15_000 + "1 }}",
    "deep blocks": nested(2_500, "{% if 1 %}", "x", "{% endif %}"),
    "a long path": "{{ agent" + ".id" * 15_000 + " }}",
    "a huge template": "{% if 1 %}" + "x" * 600_000 + "{% endif %}",
    "a huge number": "{{ " + "9" * 60_000 + " }}",
    "a huge hexadecimal": "{{ 0x" + "f" * 60_000 + " }}",
    "many openings": "{{" * 30_000,
    "many comments": "{#" * 30_000,
    "many unclosed blocks": "{% if 1 %}" * 6_000,
    "many faults": "{{ a | b }}" * 5_500,
    "range": "{% for i in range(999999999) %}x{% endfor %}",
    "a product": "{{ 'x' * 999999999 }}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a file that includes itself": "{% include 'self.md' %}",
    "files that include each other twice": "{% include 'twice.md' %}",
    "a large file that is included often": "{% for i in "
    + NUMBERS
    + " %}{% include 'large.md' %}{% endfor %}",
}
FILES = {
    "self.md": "{% include 'self.md' %}",
    "twice.md": "{% include 'other.md' %}{% include 'other.md' %}",
    "other.md": "{% include 'twice.md' %}{% include 'twice.md' %}",
    "large.md": "{# #}" + "x" * 60_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_in_a_diagnostic_within_the_caps(evaluate: Evaluate, name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime

    prompt = evaluate(BOMBS[name], FILES)

    assert 1 <= len(prompt.faults) <= MAX_FAULTS
    assert all(len(fault.message) < 300 for fault in prompt.faults)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < CPU_SECONDS


def no_file(base: str, written: str, place: Place) -> None:
    """What gives no included file."""


@pytest.mark.parametrize(
    "piece", ["{{ ", "{# ", "{{ a", "{{ a }} ", "{# x #}", "{{\n", "}} {{ a. ", "{% include ", "{%"]
)
def test_a_long_text_of_slots_is_cut_in_time(piece: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime

    plain_segments(Template("a.md", "a.md", piece * (900_000 // len(piece))), no_file)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < CPU_SECONDS


def test_what_is_just_within_the_caps_is_a_prompt(evaluate: Evaluate) -> None:
    source = "{% for i in " + NUMBERS + " %}" + "x" * 2_000 + "{% endfor %}"

    [segment] = evaluate(source).segments

    assert len(getattr(segment, "text", "")) == 500 * 2_000 < MAX_CHARACTERS
    assert MAX_STEPS == 100_000
