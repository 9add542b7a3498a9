"""The states of an agent: the same as those that are lowered, whatever the form, each at the place it was written."""

import re
from pathlib import Path

import pytest

from remit.check import check
from remit.definitions import Agent
from remit.flow import Flow, flow_of
from remit.git import folder_tree
from remit.link import Portfolio, Unit
from remit.lower.portfolio import lower

ROOT = Path(__file__).resolve().parents[3]
BLOCK = re.compile(
    r"^```\w+ repo=(?P<repo>\w+) file=(?P<path>\S+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL
)


@pytest.fixture(scope="module")
def portfolios(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Portfolio]:
    """The repositories of docs/language.md, and this one."""
    roots = {"here": ROOT}
    for found in BLOCK.finditer((ROOT / "docs/language.md").read_text()):
        if found["repo"] not in roots:
            roots[found["repo"]] = tmp_path_factory.mktemp(found["repo"])
        file = roots[found["repo"]] / found["path"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(found["content"])
    return {name: check(folder_tree(root)).portfolio for name, root in roots.items()}


def flows(portfolio: Portfolio) -> dict[str, Flow]:
    found: dict[str, Flow] = {}
    for name, agent in portfolio.of(Agent).items():
        flow = flow_of(Unit(portfolio.path_of(agent), agent, portfolio))
        assert flow is not None
        found[name] = flow
    return found


@pytest.mark.parametrize("repository", ["smallest", "forms", "grown", "here"])
def test_the_states_are_those_that_are_lowered(repository: str, portfolios: dict[str, Portfolio]) -> None:
    portfolio = portfolios[repository]
    lowered = lower(portfolio, "dev")

    for name, flow in flows(portfolio).items():
        graph = lowered.agents[name].graph
        assert flow.start == graph.start
        # A model state becomes a decide state, and one for each of its calls besides.
        assert set(flow.states) == {state.id for state in graph.states if "/" not in state.id}


def test_every_state_and_every_hop_has_a_place(portfolios: dict[str, Portfolio]) -> None:
    for portfolio in portfolios.values():
        for flow in flows(portfolio).values():
            for name, state in flow.states.items():
                assert flow.span(name).path == state.path
                assert all(note.span is not None for note in flow.way(name))
                for edge in state.edges:
                    assert flow.edge_span(name, edge).path == state.path


def test_a_form_reads_what_its_steps_bind_and_its_prompts_show(portfolios: dict[str, Portfolio]) -> None:
    found = flows(portfolios["forms"])

    read = {
        (name, state, str(slot.reference), slot.how)
        for name, flow in found.items()
        for state in flow.states
        for slot in flow.reads(state)
    }

    assert read == {
        ("acme.files", "done", "call", "binding"),
        ("acme.outline", "outline", "task.changes", "prompt"),
        ("acme.outline", "write", "outline.points", "prompt"),
        ("acme.outline", "done", "write", "binding"),
        ("acme.search", "hits", "task.word", "binding"),
        ("acme.search", "sane", "files.items", "binding"),
        ("acme.search", "done", "files.items", "binding"),
        ("acme.search", "done", "hits.lines", "binding"),
        ("acme.search", "done", "hits", "binding"),
        ("acme.loop", "work", "task.question", "prompt"),
        ("acme.loop", "done", "work", "binding"),
    }
