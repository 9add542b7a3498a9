"""What may change an agent's closure, and what may not; and where the source map says things stand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit.lower.portfolio import Lowered
from remit.read import read
from remit_runtime.bundle.graph import HandoffState
from remit_runtime.bundle.manifest import Manifest
from remit_runtime.bundle.references import reached
from remit_runtime.bundle.words import FORMAT
from remit_runtime.canonical import Digest, canonical_json, decode_strict, digest_of
from remit_runtime.errors import BundleRejected

Files = Mapping[str, str]
LowerFiles = Callable[..., Lowered]

REVIEWER, GRAPH = "agents/reviewer/agent.yaml", "agents/reviewer/graph.yaml"
EXPLAINER, COMMENT = "agents/explainer/agent.yaml", "tools/acme/comment.yaml"
DECISION, PROMPT = "agents/reviewer/schemas/decision.json", "agents/reviewer/prompts/review.md"
MODEL, SUITE = "policies/registry/reasoning.yaml", "evals/review/suite.yaml"
POLICY = "policies/engineering.yaml"


@pytest.fixture(scope="module")
def grown(examples: Mapping[str, Files]) -> Files:
    return examples["grown"]


@pytest.fixture(scope="module")
def before(grown: Files, lower_files: LowerFiles) -> Lowered:
    return lower_files(grown)


def closures(lowered: Lowered) -> dict[str, Digest]:
    return {entry.id: entry.closure for entry in lowered.entries}


def edited(files: Files, path: str, old: str, new: str) -> dict[str, str]:
    """The files with one place of one of them changed."""
    assert files[path].count(old) == 1, f"`{old}` is not once in {path}"
    return {**files, path: files[path].replace(old, new)}


# ---- what cannot change a closure

UNSEEN = {
    "a comment and blank lines": (REVIEWER, "spec:\n", "\n# why\n\nspec:\n"),
    "the owner": (REVIEWER, "owner: appsec", "owner: dev"),
    "the name": (REVIEWER, "name: Security reviewer", "name: Someone else"),
    "a description": (REVIEWER, "  risk: high\n", "  risk: high\n  description: What it is about.\n"),
    "a label": (REVIEWER, 'cost-centre: "1200"', 'cost-centre: "7"'),
    "the purpose": (REVIEWER, "Review changes for", "Look at changes for"),
    "a default written out": (
        EXPLAINER,
        "models: [dev]",
        "models: [dev]\n  autonomy: advisory\n  budget: {steps: 60}",
    ),
    "the same number in other digits": (REVIEWER, "usd: 3.00", "usd: 3"),
    "the order of granted tools": (
        REVIEWER,
        "[git.diff, git.grep, acme.comment, acme.thread]",
        "[acme.thread, acme.comment, git.grep, git.diff]",
    ),
    "the owner of a tool": (COMMENT, "owner: appsec", "owner: dev"),
    "blanks in a schema": (DECISION, '"type": "object",', '"type":    "object",'),
    "a case of a suite": ("evals/review/cases.jsonl", '"A key was found."', '"Another text."'),
    "the graders of a suite": (SUITE, "trajectory, order: exact", "trajectory, order: any_order"),
    "a rule of a policy": (POLICY, "max_paths: 20", "max_paths: 10"),
    "a tool nobody is granted": ("tools/acme/count.yaml", "maxLength: 500", "maxLength: 400"),
}


@pytest.mark.parametrize("edit", UNSEEN.values(), ids=UNSEEN)
def test_what_an_agent_cannot_do_otherwise_leaves_its_closure(
    grown: Files, before: Lowered, lower_files: LowerFiles, edit: tuple[str, str, str]
) -> None:
    assert closures(lower_files(edited(grown, *edit))) == closures(before)


def test_a_closure_does_not_depend_on_where_definitions_stand(
    grown: Files, before: Lowered, lower_files: LowerFiles
) -> None:
    def moved(path: str) -> str:
        for old, new in (
            ("agents/explainer/", "agents/a/very/deep/place/"),
            ("agents/reviewer/", "agents/zz/"),
            ("tools/acme/", "tools/elsewhere/"),
            ("policies/registry/", "policies/0/"),
        ):
            path = path.replace(old, new)
        return path

    elsewhere = lower_files({moved(path): text for path, text in grown.items()})
    assert closures(elsewhere) == closures(before)
    assert elsewhere.source_map != before.source_map


# ---- what must change it

SEEN = {
    "the version": (REVIEWER, "version: 2.3.1", "version: 2.3.2", "acme.reviewer"),
    "the risk": (REVIEWER, "risk: high", "risk: low", "acme.reviewer"),
    "the autonomy": (REVIEWER, "autonomy: propose", "autonomy: autonomous", "acme.reviewer"),
    "the budget": (REVIEWER, "usd: 3.00", "usd: 3.000001", "acme.reviewer"),
    "a task's shape": (REVIEWER, 'head: "string?"', "head: string", "acme.reviewer"),
    "a grant": (REVIEWER, "denied: [git.show, acme.tickets]", "denied: [acme.tickets]", "acme.reviewer"),
    "the order of models": (REVIEWER, "[reasoning-large, dev]", "[dev, reasoning-large]", "acme.reviewer"),
    "a guardrail": (
        REVIEWER,
        "min_evidence_per_finding: 2",
        "min_evidence_per_finding: 1",
        "acme.reviewer",
    ),
    "the retention of the audit": (REVIEWER, "days: 365", "days: 364", "acme.reviewer"),
    "a state": (GRAPH, "max_visits: 8", "max_visits: 9", "acme.reviewer"),
    "a route": (GRAPH, "denied: rejected, expired: rejected", "denied: rejected", "acme.reviewer"),
    "an argument": (GRAPH, "repository: acme/app", "repository: acme/other", "acme.reviewer"),
    "a prompt": (PROMPT, "The change:", "A change:", "acme.reviewer"),
    "the instructions": ("agents/reviewer/instructions.md", "Report only", "Report", "acme.reviewer"),
    "a schema": (DECISION, '"maxItems": 50', '"maxItems": 49', "acme.reviewer"),
    "a tool": (COMMENT, "timeout_seconds: 20", "timeout_seconds: 21", "acme.reviewer"),
    "a tool's schema": ("tools/acme/schemas/comment.json", '"string"', '"string", "maxLength": 9', "acme.reviewer"),
    "the price of a model": (MODEL, "2.50", "2.51", "acme.reviewer"),
    "inline instructions": (EXPLAINER, "Explain: {{", "Explain this: {{", "acme.explainer"),
}  # fmt: skip


@pytest.mark.parametrize("edit", SEEN.values(), ids=SEEN)
def test_what_an_agent_does_otherwise_changes_its_closure_and_those_that_hand_off_to_it(
    grown: Files, before: Lowered, lower_files: LowerFiles, edit: tuple[str, str, str, str]
) -> None:
    path, old, new, agent = edit
    after = closures(lower_files(edited(grown, path, old, new)))
    above = {"acme.reviewer"} if agent == "acme.explainer" else set[str]()
    changed = {name for name, closure in closures(before).items() if after[name] != closure}
    assert changed == {agent, *above}


def test_a_bundle_whose_handoff_pins_another_agent_than_it_holds_is_refused(before: Lowered) -> None:
    parent, child = before.agents["acme.reviewer"], before.agents["acme.explainer"]
    [pinned] = {
        state.object
        for state in parent.graph.states
        if isinstance(state, HandoffState) and state.agent == child.id
    }
    assert pinned == digest_of(canonical_json(child))
    other = msgspec.structs.replace(child, risk="critical")
    entries = tuple(
        msgspec.structs.replace(entry, closure=digest_of(canonical_json(other)))
        if entry.id == child.id
        else entry
        for entry in before.entries
    )
    objects = {**before.objects, digest_of(canonical_json(other)): canonical_json(other)}
    manifest = Manifest(
        FORMAT, "acme", "remit/v1", "dev", entries, before.policy_digest, before.source_map, (), ()
    )

    def read(digest: Digest, shape: Any) -> Any:
        return decode_strict(objects[digest], shape)

    with pytest.raises(BundleRejected) as caught:
        reached(manifest, read)
    assert caught.value.code == "identity_mismatch"


def test_a_reviewed_tool_of_a_server_is_pinned_whole(grown: Files, lower_files: LowerFiles) -> None:
    permitted = edited(grown, POLICY, "tools: [acme.comment]", "tools: [acme.comment, acme.tickets]")
    granted = edited(permitted, EXPLAINER, "models: [dev]", "models: [dev]\n  tools: [acme.tickets]")
    pinned = "tools/mcp/tickets.tools.json"
    described = edited(granted, pinned, '"Search tickets"', '"Search all tickets"')
    changed = (closures(lower_files(one))["acme.explainer"] for one in (granted, described))
    assert len(set(changed)) == 2


def test_a_limit_of_visits_survives_on_every_state_that_may_have_one(
    grown: Files, lower_files: LowerFiles
) -> None:
    limited = re.sub(r"type: (?!end|model)(\w+)", r"type: \1, max_visits: 3", grown[GRAPH])
    limited = limited.replace("type: parallel, max_visits: 3\n", "type: parallel\n      max_visits: 3\n")
    limited = limited.replace("type: check, max_visits: 3\n", "type: check\n      max_visits: 3\n")
    limited = limited.replace("type: handoff, max_visits: 3\n", "type: handoff\n      max_visits: 3\n")
    graph = lower_files({**grown, GRAPH: limited}).agents["acme.reviewer"].graph
    visits = {state.id: getattr(state, "max_visits", None) for state in graph.states}
    assert {name: limit for name, limit in visits.items() if limit is not None} == {
        **dict.fromkeys(("confirm", "evidence", "explain", "find_secrets", "gather", "look"), 3),
        **dict.fromkeys(("read_diff", "recall", "report"), 3),
        "review": 8,
    }


# ---- order


def reordered(value: object, random: Random) -> str:
    """A value as flow YAML, with the keys of every mapping in another order."""
    if isinstance(value, dict):
        fields = list(cast("dict[str, object]", value).items())
        random.shuffle(fields)
        inside = ", ".join(f"{json.dumps(key)}: {reordered(item, random)}" for key, item in fields)
        return "{" + inside + "}"
    if isinstance(value, list):
        return "[" + ", ".join(reordered(item, random) for item in cast("list[object]", value)) + "]"
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False))
def test_no_key_order_changes_anything_that_a_bundle_says(
    grown: Files, before: Lowered, lower_files: LowerFiles, random: Random
) -> None:
    shuffled: dict[str, str] = {}
    for path, text in grown.items():
        if path.endswith((".yaml", ".json")):
            value: Any = read(path, text.encode()).value
            text = reordered(value, random) + "\n"
        shuffled[path] = text
    after = lower_files(shuffled)
    assert closures(after) == closures(before)
    assert after.policy_digest == before.policy_digest
    # Only the map of places differs: everything stands somewhere else now.
    assert after.objects.keys() - before.objects.keys() == {after.source_map}


# ---- the source map


def place_of(lowered: Lowered, identity: str) -> tuple[str, int, int]:
    for place in json.loads(lowered.objects[lowered.source_map])["places"]:
        if place["id"] == identity:
            return place["path"], place["line"], place["column"]
    raise LookupError(identity)


PLACES = {
    "agent acme.reviewer": (REVIEWER, "acme.reviewer"),
    "agents/reviewer/agent.yaml#grant": (REVIEWER, "tools: {allowed"),
    "agents/reviewer/agent.yaml#denied": (REVIEWER, "denied: [git.show, acme.tickets]"),
    "agents/reviewer/agent.yaml#autonomy": (REVIEWER, "autonomy: propose"),
    "agents/explainer/agent.yaml#grant": (EXPLAINER, "spec:"),
    "policies/engineering.yaml#nothing-destructive": (POLICY, "nothing-destructive"),
    "policies/registry/retail.yaml#agents": ("policies/registry/retail.yaml", "agents: [acme.reviewer]"),
    "policies/registry/retail.yaml#deny": ("policies/registry/retail.yaml", "deny: {"),
    "policies/registry/production.yaml#evidence": ("policies/registry/production.yaml", "evidence: required"),
    "state acme.reviewer/gather": (GRAPH, "gather: {type"),
    "state acme.reviewer/review": (GRAPH, "review:\n      type: model"),
    "state acme.reviewer/done": (GRAPH, "done: {type: end"),
    "state acme.explainer/work": (EXPLAINER, "spec:"),
    "tool acme.comment": (COMMENT, "acme.comment"),
}


@pytest.mark.parametrize("identity", PLACES)
def test_the_source_map_says_where_a_rule_a_grant_or_a_state_stands(
    grown: Files, before: Lowered, identity: str
) -> None:
    path, words = PLACES[identity]
    assert grown[path].count(words) == 1
    above, _, _ = grown[path].partition(words)
    line, column = above.count("\n") + 1, len(above.rpartition("\n")[2]) + 1
    assert place_of(before, identity) == (path, line, column)


def test_the_steps_of_a_form_and_the_states_it_adds_have_places(
    examples: Mapping[str, Files], lower_files: LowerFiles
) -> None:
    forms = lower_files(examples["forms"])
    assert place_of(forms, "state acme.search/hits") == ("agents/search/agent.yaml", 12, 16)
    assert place_of(forms, "state acme.search/done") == ("agents/search/agent.yaml", 9, 5)
    assert place_of(forms, "state acme.outline/write") == ("agents/outline/agent.yaml", 13, 16)
    assert place_of(forms, "state acme.files/call") == ("agents/files/agent.yaml", 9, 5)
    assert place_of(forms, "state acme.loop/work") == ("agents/loop/agent.yaml", 10, 19)


def test_every_rule_of_the_policy_has_a_place(before: Lowered) -> None:
    for rule in before.policy.rules:
        path, line, column = place_of(before, rule.id)
        assert (path, line > 1, column > 0) == (rule.id.partition("#")[0], True, True)
