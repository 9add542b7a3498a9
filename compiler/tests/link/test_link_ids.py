"""One table of ids: what is defined, what names it, and what names nothing."""

from collections.abc import Callable, Mapping

import pytest

from remit.check import CheckResult
from remit.definitions import Agent, Team, Tool

CheckFiles = Callable[[Mapping[str, str]], CheckResult]

AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {{id: acme.notes, version: 0.1.0, owner: {owner}}}
spec:
  purpose: Write notes.
  tasks: {{write: {{text: string}}}}
  instructions: {{text: Write.}}
  tools: [{tool}]
  models: [dev]
  output: {{notes: string}}
"""


APPROVAL = (
    "apiVersion: remit/v1\nkind: Approval\nmetadata: {{id: dev, owner: {owner}}}\nspec: {{role: approver}}\n"
)


def agent(owner: str = "dev", tool: str = "git.log") -> dict[str, str]:
    return {"agents/notes/agent.yaml": AGENT.format(owner=owner, tool=tool)}


def told(result: CheckResult) -> list[tuple[str, str, str | None]]:
    return [(found.code, found.message, found.help) for found in result.diagnostics]


def test_the_portfolio_holds_definitions_by_kind_and_id(check_files: CheckFiles) -> None:
    portfolio = check_files(agent()).portfolio

    assert list(portfolio.of(Agent)) == ["acme.notes"]
    assert list(portfolio.of(Team)) == ["dev"]
    assert "git.log" in portfolio.of(Tool)
    assert portfolio.path_of(portfolio.of(Agent)["acme.notes"]) == "agents/notes/agent.yaml"
    assert portfolio.root is not None
    assert portfolio.root.organisation == "acme"


def test_a_definition_knows_who_uses_it(check_files: CheckFiles) -> None:
    uses = check_files(agent()).portfolio.users(Tool, "git.log")

    assert [(use.path, use.at) for use in uses] == [
        ("agents/notes/agent.yaml", ("spec", "tools", "allowed", 0))
    ]


def test_a_place_is_found_by_the_path_in_the_definition(check_files: CheckFiles) -> None:
    portfolio = check_files(agent()).portfolio
    at = ("spec", "tools", "allowed", 0)

    assert portfolio.span("agents/notes/agent.yaml", at).start == (8, 11)
    assert portfolio.span("agents/notes/agent.yaml", ("spec", "tools"), "key").start == (8, 3)


def test_without_the_library_its_names_mean_nothing(check_files: CheckFiles) -> None:
    result = check_files({**agent(), "remit.yaml": "apiVersion: remit/v1\norganisation: acme\n"})

    assert [code for code, *_ in told(result)] == ["REF001", "REF001", "REF001"]


def test_the_nearest_name_is_offered(check_files: CheckFiles) -> None:
    files = {
        "policies/a.yaml": "apiVersion: remit/v1\nkind: Approval\n"
        "metadata: {id: a, owner: dev_}\nspec: {role: approver}\n"
    }

    assert told(check_files(files)) == [("REF001", "there is no Team `dev_`", "did you mean `dev`?")]


@pytest.mark.parametrize("pin", ["git.log@1.0.0", "git.log@latest"])
def test_a_version_that_the_tree_has_is_taken(pin: str, check_files: CheckFiles) -> None:
    assert told(check_files(agent(tool=pin))) == []


def test_a_version_that_the_tree_has_not_is_undefined(check_files: CheckFiles) -> None:
    assert told(check_files(agent(tool="git.log@1.2.0"))) == [
        ("REF001", "there is no version `1.2.0` of Tool `git.log`", "did you mean `1.0.0`?")
    ]


def test_a_file_that_does_not_parse_still_defines_its_id(check_files: CheckFiles) -> None:
    files = agent(owner="appsec")
    files["policies/team.yaml"] = (
        "apiVersion: remit/v1\nkind: Team\nmetadata: {id: appsec}\nspec: {member: []}\n"
    )

    assert [code for code, *_ in told(check_files(files))] == ["SCH002", "SCH001"]


def test_a_definition_cannot_take_the_id_of_the_library(check_files: CheckFiles) -> None:
    files = {**agent(), "policies/team.yaml": TEAM}
    (found,) = check_files(files).diagnostics

    assert (found.code, found.span.path) == ("REF003", "policies/team.yaml")
    assert found.notes[0].span is not None
    assert found.notes[0].span.path == "std@1/policies/team.yaml"


TEAM = 'apiVersion: remit/v1\nkind: Team\nmetadata: {id: dev}\nspec: {members: [{principal: "os:me", roles: [r]}]}\n'


def test_one_id_may_name_definitions_of_two_kinds(check_files: CheckFiles) -> None:
    assert told(check_files({"policies/approval.yaml": APPROVAL.format(owner="dev")})) == []


@pytest.mark.parametrize(
    ("graph", "code", "message"),
    [
        ("agent.yaml", "REF002", "a Graph is wanted here, and `agent.yaml` is a definition of kind Agent"),
        ("states.txt", "REF007", "so no Graph is read there"),
        ("graf.yaml", "REF007", "there is no such file"),
    ],
)
def test_an_agent_names_a_graph(graph: str, code: str, message: str, check_files: CheckFiles) -> None:
    text = agent()["agents/notes/agent.yaml"] + f"  orchestration: {{graph: {graph}}}\n"
    (found,) = check_files({"agents/notes/agent.yaml": text, "agents/notes/states.txt": ""}).diagnostics

    assert found.code == code
    assert found.message.endswith(message)


CHAIN = """  orchestration:
    chain:
      steps:
        - {id: one, prompt: {text: "{{ task.text }} {{ two.a }}"}, decides: {a: string}}
        - {id: two, prompt: {text: "{{ one.a }}"}}
"""


def test_a_step_sees_only_the_steps_before_it(check_files: CheckFiles) -> None:
    without_tools = agent()["agents/notes/agent.yaml"].replace("  tools: [git.log]\n", "")
    result = check_files({"agents/notes/agent.yaml": without_tools + CHAIN})

    assert [(code, message) for code, message, _ in told(result)] == [
        ("PRM001", "this prompt sees nothing of `two`")
    ]
