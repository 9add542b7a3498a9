"""The tree of a run: what a person and a program see of its spans."""

from __future__ import annotations

import json
from collections.abc import Callable

from remit_runtime.journal.family import Family
from remit_runtime.run.explain.ended import total_of
from remit_runtime.run.timeline import drawn_json, drawn_text
from remit_runtime.run.wording import money


def test_a_governed_run_is_drawn_like_this(governed_run: Family, golden: Callable[[str, str], None]) -> None:
    golden("trace.txt", drawn_text(governed_run) + "\n")


def test_the_spans_for_programs_are_like_this(
    governed_run: Family, golden: Callable[[str, str], None]
) -> None:
    golden("trace.json", json.dumps(json.loads(drawn_json(governed_run)), indent=1, sort_keys=True) + "\n")


def test_the_money_at_the_root_is_what_the_explanation_counts(governed_run: Family) -> None:
    last = drawn_text(governed_run).splitlines()[-1]
    assert last.startswith(f"in all {money(total_of(governed_run).microusd)} of ")


def test_a_run_that_has_only_started_is_one_open_line(governed_run: Family) -> None:
    family = Family(governed_run.run, governed_run.outermost, governed_run.events[:1], ())
    rows = drawn_text(family).splitlines()[4:-2]
    assert len(rows) == 1
    assert "open" in rows[0]
