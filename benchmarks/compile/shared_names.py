"""Whom and what the synthetic repository names in many places, and its prose."""

from __future__ import annotations

import random
from collections.abc import Iterator

Files = Iterator[tuple[str, str]]
"""Files by their path."""

TEAMS = (
    "appsec",
    "billing",
    "data",
    "mobile",
    "payments",
    "platform",
    "search",
    "sre",
    "support",
    "training",
)
NOUNS = (
    "branch",
    "deploy",
    "diff",
    "incident",
    "invoice",
    "issue",
    "log",
    "metric",
    "pull",
    "scan",
    "symbol",
    "ticket",
)
READ_VERBS = ("read", "search", "list", "export")
WRITE_VERBS = ("create", "update", "comment", "label")
RISKS = ("low", "medium", "high", "critical")
SHARED_TOOLS = 6
"""The tools that many agents use come first; each is granted to every tenth agent."""
TOOLS_OF_A_POLICY = 5

_SENTENCES = (
    "Read the change before its description, because the description says what was meant and not what was done",
    "A {noun} that nobody owns is reported to the team of the folder it stands in",
    "Quote the line you speak about and say in one sentence why it matters",
    "Two small findings that can be shown are worth more than one large one that cannot",
    "Say plainly when you are not sure, and what would settle the question",
    "Where a {noun} was moved without being changed, say so and look no further",
    "Compare what a test expects with what its name promises",
    "Work that was done twice in two places is worth a remark when both places will change together",
    "Prefer the smallest change that a reader understands without opening another file",
    "Numbers come from the {noun} itself, and an estimate is marked as one",
    "Write for somebody who was woken up by this and has five minutes",
    "A regression is shown by two versions that differ, with the place in each",
    "Leave the tone of other people out of it; describe what the code does",
    "If the same question comes up a third time, propose where its answer should be written down",
    "A {noun} older than the release it belongs to is evidence of nothing",
    "What a comment in the code promises is checked like anything else",
    "Group what belongs together and begin with what the reader has to decide",
    "Names that differ in one letter are told apart by their folder",
    "An empty result is a result: say what was looked for and where",
    "Give the time zone with every time, and the unit with every number",
)


def folder(i: int) -> str:
    """The folder of an agent."""
    return f"agents/{team(i)}/agent-{i}"


def team(i: int) -> str:
    """The team that owns the thing of a number."""
    return TEAMS[i % len(TEAMS)]


def agent_id(i: int) -> str:
    """The id of an agent."""
    return f"{team(i)}.agent-{i}"


def writes(i: int) -> bool:
    """Whether a tool has an effect: one of three, none of those that are shared."""
    return i >= SHARED_TOOLS and i % 3 == 2


def tool_id(i: int) -> str:
    """The id of a tool."""
    if i < SHARED_TOOLS:
        return f"shared.{NOUNS[i]}"
    verbs = WRITE_VERBS if writes(i) else READ_VERBS
    return f"{NOUNS[i % len(NOUNS)]}.{verbs[i // 12 % 4]}.t{i}"


def generator(seed: int, *name: object) -> random.Random:
    """The chance of one file, whatever other files there are."""
    return random.Random("/".join(map(str, (seed, *name))))


def sentence(rng: random.Random) -> str:
    """A sentence of instructions, without its full stop."""
    return _said(rng, rng.choice(_SENTENCES))


def paragraph(rng: random.Random, sentences: int) -> str:
    """Some sentences of instructions."""
    return " ".join(_said(rng, one) + "." for one in rng.sample(_SENTENCES, sentences))


def _said(rng: random.Random, said: str) -> str:
    return said.format(noun=rng.choice(NOUNS))
