"""The fifteen questions in their order, and who answers each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from remit_runtime.journal.family import Family
from remit_runtime.run.explain import asked, called, ended, thought
from remit_runtime.run.explain.fact import NOT_CUT, Answer, Fact, Wording, fact

Reader = Callable[[Family, Wording], Iterator[Fact]]

QUESTIONS: tuple[tuple[str, Reader, str], ...] = (
    ("Which agent was it, in which version, bundle and environment?", asked.agent, ""),
    ("Who asked for it, proved or asserted, for which tenant?", asked.asker, ""),
    ("What was the task?", asked.task, ""),
    (
        "What context was used, and what was left out, and why?",
        thought.context,
        "no state packed context: a model saw its prompt and the task alone",
    ),
    (
        "Which models were asked, why this one, and what was skipped?",
        thought.models,
        "no model was asked",
    ),
    ("What did the model decide at each step?", thought.decisions, "no model answered"),
    ("Which tools were called, with what arguments?", called.calls, "no tool was called"),
    (
        "Where did each value come from?",
        called.origins,
        "no call carries values whose origin was asked for",
    ),
    (
        "What did policy decide, by which rule, at which file and line?",
        called.judgements,
        "no call was judged",
    ),
    ("Who approved what, when, of which evidence?", called.approvals, "nobody was asked for anything"),
    (
        "What came back, what was redacted, what changed outside?",
        called.results,
        "no call was sent, so nothing came back and nothing changed outside",
    ),
    ("What was handed off, and to whom?", ended.handoffs, "nothing was handed off"),
    ("What did it cost, per step and in all, against the budget?", ended.costs, ""),
    ("Was the output verified, and by what?", ended.verifications, "nothing verified an output"),
    ("How did it end, and what went wrong on the way?", ended.ending, ""),
)
"""Each question with its reader, and what is said where no event answers it."""


def explained(family: Family, places: Mapping[str, str], limit: int = NOT_CUT) -> tuple[Answer, ...]:
    """The fifteen answers about a run and its children. `places` gives the file and line of a rule by its id.

    Values in sentences are cut after `limit` characters.
    """
    said = Wording(limit, places)
    return tuple(
        _answer(family, said, number, question, reader, otherwise)
        for number, (question, reader, otherwise) in enumerate(QUESTIONS, start=1)
    )


def _answer(
    family: Family, said: Wording, number: int, question: str, reader: Reader, otherwise: str
) -> Answer:
    facts = tuple(one for member in family.members() for one in reader(member, said))
    if facts:
        return Answer(number, question, True, facts)
    # That something did not happen is read from the whole run: from its first event to its last.
    whole = (family.events[0], family.events[-1])
    first, last = (one.seq for one in whole)
    return Answer(number, question, False, (fact(family, whole, f"{otherwise} (events {first} to {last})"),))
