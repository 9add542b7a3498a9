"""Prompts: which templates become which segments, and what is refused where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.prompt import Prompt, PromptFault, SlotAt, Words, prompt_of


def test_plain_text_is_one_segment() -> None:
    assert prompt_of("Summarise.\n") == Prompt((Words("Summarise.\n"),), ())


def test_a_slot_names_its_root_steps_and_line() -> None:
    assert prompt_of("Look at\n{{ review.findings.0 }}!") == Prompt(
        (Words("Look at\n"), SlotAt("review", ("findings", "0"), 2), Words("!")), ()
    )


def test_comments_vanish_and_raw_blocks_stay() -> None:
    assert prompt_of("a{# note #}b{% raw %}{{ x }}{% endraw %}").segments == (Words("ab{{ x }}"),)


@pytest.mark.parametrize(
    ("source", "line", "word"),
    [
        ("{% for a in b %}{{ a }}{% endfor %}", 1, "for"),
        ("x\n{% include 'other.md' %}", 2, "include"),
        ("{{ task.a | upper }}", 1, "filter"),
        ("\n\n{{ task.a() }}", 3, "call"),
        ("{{ task.a + 1 }}", 1, "add"),
        ("{{ ''.__class__ }}", 1, "const"),
        ("{% set x = 1 %}", 1, "assign"),
        ("{{ task.a", 1, "end of template"),
    ],
)
def test_what_is_not_a_slot_is_refused_at_its_line(source: str, line: int, word: str) -> None:
    faults = prompt_of(source).faults

    assert [fault.line for fault in faults] == [line]
    assert word in faults[0].message


def test_every_fault_of_a_template_is_found_in_one_reading() -> None:
    assert len(prompt_of("{{ a|b }}{{ c() }}{% if x %}{% endif %}").faults) == 3


@given(st.text(alphabet="{}%# ab.|()\n'", max_size=60))
def test_reading_any_text_gives_segments_or_faults(source: str) -> None:
    prompt = prompt_of(source)

    assert all(isinstance(fault, PromptFault) for fault in prompt.faults)
