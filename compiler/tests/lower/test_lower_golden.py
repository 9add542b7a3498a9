"""What every form of orchestration and every state lowers to, word for word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from remit.lower.portfolio import Lowered
from remit_runtime.canonical import Digest, is_digest

GOLDEN = Path(__file__).parent / "golden"
AGENTS = {
    "forms": ("acme.files", "acme.loop", "acme.outline", "acme.search"),
    "grown": ("acme.explainer", "acme.reviewer"),
    "smallest": ("acme.digest",),
}


@pytest.fixture(scope="module")
def bundles(examples: Mapping[str, Any], lower_files: Callable[..., Lowered]) -> Mapping[str, Lowered]:
    """The example repositories, lowered for `dev`."""
    return {name: lower_files(examples[name]) for name in AGENTS}


def digests_in(value: object) -> Iterator[Digest]:
    """Every digest in a JSON value, in the order of reading."""
    if isinstance(value, str):
        if is_digest(value):
            yield Digest(value)
    elif isinstance(value, dict):
        for item in cast("dict[str, object]", value).values():
            yield from digests_in(item)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from digests_in(item)


def closure_of(lowered: Lowered, name: str) -> str:
    """An agent with all the objects that it names, and that these name, as people review it."""
    agent = json.loads(msgspec.json.encode(lowered.agents[name]))
    objects: dict[Digest, object] = {}
    waiting = list(digests_in(agent))
    while waiting:
        digest = waiting.pop()
        if digest not in objects:
            objects[digest] = json.loads(lowered.objects[digest])
            waiting += digests_in(objects[digest])
    body = {"agent": agent, "objects": dict(sorted(objects.items()))}
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    ("repository", "agent"), [(repository, agent) for repository, ids in AGENTS.items() for agent in ids]
)
def test_an_agent_of_the_language_lowers_to_what_was_reviewed(
    bundles: Mapping[str, Lowered], golden: Callable[[Path, str], None], repository: str, agent: str
) -> None:
    golden(GOLDEN / repository / f"{agent}.json", closure_of(bundles[repository], agent))


@pytest.mark.parametrize("repository", AGENTS)
def test_the_golden_agents_are_all_that_the_repository_has(
    bundles: Mapping[str, Lowered], repository: str
) -> None:
    assert tuple(bundles[repository].agents) == AGENTS[repository]


def test_the_forms_and_the_graph_together_show_every_state_of_the_bundle(
    bundles: Mapping[str, Lowered],
) -> None:
    shown = {
        msgspec.to_builtins(state)["type"]
        for lowered in bundles.values()
        for agent in lowered.agents.values()
        for state in agent.graph.states
    }
    assert shown == {
        *("approval", "call", "check", "context", "decide"),
        *("end", "handoff", "memory", "parallel", "tool"),
    }


def test_an_agent_names_only_objects_that_the_bundle_holds(bundles: Mapping[str, Lowered]) -> None:
    for lowered in bundles.values():
        for entry in lowered.entries:
            assert entry.closure in lowered.objects
            assert entry.card in lowered.objects
            assert set(digests_in(json.loads(lowered.objects[entry.closure]))) <= lowered.objects.keys()


def test_a_release_puts_only_its_agents_into_the_bundle_of_its_environment(
    examples: Mapping[str, Any], lower_files: Callable[..., Lowered], bundles: Mapping[str, Lowered]
) -> None:
    production = lower_files(examples["grown"], "production")
    assert tuple(production.agents) == ("acme.explainer",)
    in_dev = {entry.id: entry for entry in bundles["grown"].entries}
    # The same agent version is the same closure wherever it runs: evidence of `dev` speaks for production.
    assert production.entries[0].closure == in_dev["acme.explainer"].closure
