"""Answers as a person and as a program reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from remit_runtime.journal.family import Family
from remit_runtime.run.explain.answers import explained
from remit_runtime.run.explain.fact import Answer, Fact
from remit_runtime.run.wording import MAX_SHOWN

MAX_CITED = 6
"""Events that a line names before it only counts them; the JSON form names all."""


def explained_text(family: Family, places: Mapping[str, str]) -> str:
    """The fifteen answers, each sentence behind the events it was read from."""
    lines = [f"run {family.run}"]
    for answer in explained(family, places, MAX_SHOWN):
        mark = "" if answer.applies else "  (does not apply)"
        lines += ["", f"{answer.number:>2}. {answer.question}{mark}"]
        lines += [f"    {one.text}  [{_cited(one)}]" for one in answer.facts]
    return "\n".join(lines)


def explained_json(family: Family, places: Mapping[str, str]) -> str:
    """The same as one JSON object, with ASCII only and nothing cut."""
    answers = [_body(answer) for answer in explained(family, places)]
    return json.dumps({"version": 1, "run": family.run, "answers": answers}, sort_keys=True)


def _body(answer: Answer) -> dict[str, object]:
    return {
        "number": answer.number,
        "question": answer.question,
        "applies": answer.applies,
        "facts": [
            {"run": one.run, "events": list(one.events), "text": one.text, "data": dict(one.data)}
            for one in answer.facts
        ],
    }


def _cited(one: Fact) -> str:
    if len(one.events) <= MAX_CITED:
        return " ".join(one.events)
    return f"{' '.join(one.events[: MAX_CITED - 1])} and {len(one.events) - MAX_CITED + 1} more"
