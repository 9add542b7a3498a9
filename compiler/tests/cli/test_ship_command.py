"""From a commit to a signed bundle on the command line, and every way that it is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

Remit = Callable[..., Any]
Clone = Callable[[Mapping[str, str]], Path]
Cases = Callable[[int, int], str]
CASES = "evals/review/cases.jsonl"


class Shipped(NamedTuple):
    """The repository, once it was shipped: what the command said, and the bundle it made."""

    folder: Path
    done: Any
    bundle: Path


@pytest.fixture(scope="module")
def shipped(original: Path, remit: Remit, tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    folder = tmp_path_factory.mktemp("shipped") / "acme"
    shutil.copytree(original, folder)
    done = remit(folder, "ship", "--run", "acme.lister", "-o", "out")
    (bundle,) = (folder / "out").glob("*.remit")
    return Shipped(folder, done, bundle)


def digest_in(text: str) -> str:
    found = re.search(r"^sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert found
    return found.group()


# ---- the good way


def test_ship_says_the_digest_the_verdict_and_what_the_run_came_to(shipped: Shipped) -> None:
    assert shipped.done.returncode == 0
    lines = shipped.done.stdout.splitlines()
    assert re.fullmatch(
        r"checked and sealed [0-9a-f]{12} for dev: acme\.explainer@0\.1\.0, acme\.lister@0\.1\.0", lines[0]
    )
    assert f"signed, verified and loaded {Path('out', shipped.bundle.name)}" == lines[1]
    assert digest_in(shipped.done.stdout) == lines[2]
    assert "suite review  acme.explainer@0.1.0  7 of 8 cases passed" in lines
    assert "gate review-quality over review: passed" in lines
    assert "    n = 8, k = 7, the smallest k that passes is 7" in lines
    assert any(re.fullmatch(r"run_\w+  acme\.lister 0\.1\.0  succeeded", line) for line in lines)


def test_the_name_of_the_bundle_begins_with_its_digest(shipped: Shipped) -> None:
    assert shipped.bundle.name == f"acme-{digest_in(shipped.done.stdout)[7:19]}.remit"


def test_a_shipped_bundle_verifies_with_the_figures_of_its_gate(shipped: Shipped, remit: Remit) -> None:
    done = remit(shipped.folder, "verify", str(shipped.bundle))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{digest_in(shipped.done.stdout)}  holds, for dev\n")
    assert "suite `review` passed" in done.stdout
    assert "review-quality: task_success_rate  7 of 8" in done.stdout


def test_a_bundle_with_another_byte_does_not_verify(shipped: Shipped, remit: Remit, tmp_path: Path) -> None:
    changed = tmp_path / shipped.bundle.name
    data = bytearray(shipped.bundle.read_bytes())
    data[-1] ^= 1
    changed.write_bytes(data)
    beside = shipped.bundle.with_suffix(".attestations.jsonl")
    shutil.copy(beside, tmp_path / beside.name)
    done = remit(shipped.folder, "verify", str(changed))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"remit: [a-z_]+: .+\n", done.stderr)


# ---- refused by its gates


def test_one_failing_case_too_many_stops_the_ship_and_says_by_how_much(
    clone: Clone, cases_of: Cases, remit: Remit
) -> None:
    folder = clone({CASES: cases_of(6, 2)})
    done = remit(folder, "ship", "--run", "acme.lister")
    assert done.returncode == 1
    said = done.stdout.partition("\n")[2]
    assert said == (
        "suite review  acme.explainer@0.1.0  6 of 8 cases passed\n"
        "  failed bad-0\n"
        '    text: text does not contain "lock"\n'
        "  failed bad-1\n"
        '    text: text does not contain "lock"\n'
        "gate review-quality over review: failed\n"
        "  task_success_rate >= 0.50 failed: 6 of 8 cases passed; the rate is at least 0.400 at 0.95 confidence\n"
        "    n = 8, k = 6, the smallest k that passes is 7\n"
        "nothing was shipped: the gates of `dev` say failed\n"
    )
    assert not (folder / ".remit/bundles").exists()


def test_a_case_that_must_pass_and_does_not_fails_a_gate_that_its_numbers_pass(
    clone: Clone, cases_of: Cases, remit: Remit
) -> None:
    text = cases_of(7, 1).replace('{"id": "bad-0"', '{"must_pass": true, "id": "bad-0"')
    done = remit(clone({CASES: text}), "eval")
    assert done.returncode == 1
    assert "gate review-quality over review: failed" in done.stdout
    assert "these cases must pass and have not: bad-0" in done.stdout


def test_a_gate_whose_agent_no_suite_measures_is_not_proven(clone: Clone, remit: Remit) -> None:
    gate = (
        "apiVersion: remit/v1\nkind: Gate\nmetadata: {id: lists, owner: dev}\n"
        "spec: {environments: [dev], agents: [acme.lister], require: "
        '[{metric: task_success_rate, op: ">=", value: 0.50, basis: bound}]}\n'
    )
    folder = clone({"policies/lists.yaml": gate})
    done = remit(folder, "ship")
    assert done.returncode == 3
    assert "gate lists: not proven\n" in done.stdout
    assert "no suite of the gate measures `acme.lister`" in done.stdout
    assert done.stdout.endswith("nothing was shipped: the gates of `dev` say not proven\n")
    assert not (folder / ".remit/bundles").exists()


def test_cases_that_did_not_run_prove_no_absence_of_violations(
    clone: Clone, cases_of: Cases, remit: Remit
) -> None:
    gate = (
        "apiVersion: remit/v1\nkind: Gate\nmetadata: {id: clean, owner: dev}\n"
        "spec: {environments: [dev], agents: [acme.explainer], require: "
        '[{metric: policy_violation_rate, op: "==", value: 0, min_cases: 1}]}\n'
    )
    first_without_script = cases_of(2, 0).replace('"script": "scripts/key.json", ', "", 1)
    folder = clone({"policies/gate.yaml": gate, CASES: first_without_script})
    shutil.rmtree(folder / "releases")  # the gate of `production` is gone
    done = remit(folder, "eval", "--format", "json")
    assert done.returncode == 3
    body = json.loads(done.stdout)
    assert (body["version"], body["verdict"]) == (1, "not_proven")
    case, _ = body["suites"][0]["cases"]
    assert (case["passed"], case["violations"]) == (False, None)
    assert case["error"].startswith("model_adapter_missing: ")
    assert body["gates"][0]["verdict"] == "not_proven"
    assert body["gates"][0]["detail"] == "these cases did not run to the end: good-0"


def test_a_suite_that_did_not_run_is_not_proven_which_is_not_failed(
    clone: Clone, cases_of: Cases, remit: Remit
) -> None:
    without_scripts = cases_of(8, 0).replace('"script": "scripts/key.json", ', "")
    done = remit(clone({CASES: without_scripts}), "ship")
    assert done.returncode == 3
    assert "gate review-quality over review: not proven\n" in done.stdout
    assert (
        "task_success_rate >= 0.50 not proven: the suite did not run: model_adapter_missing: " in done.stdout
    )


# ---- refused before anything runs


def test_an_environment_that_asks_for_evidence_is_not_served_without_keys(clone: Clone, remit: Remit) -> None:
    folder = clone({})
    done = remit(folder, "ship", "--to", "production")
    assert (done.returncode, done.stdout) == (1, "")
    trust = folder / ".remit/trust.toml"
    assert done.stderr == (
        f"remit: trust_missing: there is no `{trust}` that says whom `production` trusts\n"
    )


def test_with_a_key_of_this_machine_that_environment_is_served(clone: Clone, remit: Remit) -> None:
    folder = clone({})
    made = remit(folder, "keys", "builder")
    assert made.returncode == 0
    said, _, trust = made.stdout.partition("\n\n")
    assert said.startswith(f"made {folder / '.remit/keys/builder.key'}; ")
    (folder / ".remit/trust.toml").write_text(trust, encoding="utf-8")
    done = remit(folder, "ship", "--to", "production")
    assert (done.returncode, done.stderr) == (0, "")
    assert "for production: acme.explainer@0.1.0\n" in done.stdout
    verified = remit(folder, "verify", digest_in(done.stdout), "--env", "production")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "REMIT_EVAL_PASSED" in verified.stdout


def test_an_agent_that_is_not_there_is_told_before_the_evals(clone: Clone, remit: Remit) -> None:
    done = remit(clone({}), "ship", "--run", "acme.listr")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("remit: there is no agent `acme.listr` in `dev`; did you mean `acme.lister`\n")


def test_definitions_that_differ_from_the_commit_are_not_built(clone: Clone, remit: Remit) -> None:
    folder = clone({})
    agent = folder / "agents/lister/agent.yaml"
    agent.write_text(agent.read_text("utf-8") + "# later\n", "utf-8")
    (folder / "policies/new.yaml").write_text("", "utf-8")
    (folder / "README.md").write_text("not a definition\n", "utf-8")
    for words in (("build", "-o", "out"), ("ship",)):
        done = remit(folder, *words)
        assert (done.returncode, done.stderr) == (1, "")
        assert done.stdout == (
            "these files differ from HEAD; commit or restore them first:\n"
            "  agents/lister/agent.yaml\n  policies/new.yaml\n"
        )
    assert not (folder / "out").exists()


def test_without_a_commit_there_is_nothing_to_build(
    original: Path, git: Callable[..., str], remit: Remit, tmp_path: Path
) -> None:
    folder = tmp_path / "fresh"
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns(".git", ".remit"))
    outside = remit(folder, "build", "-o", "out")
    git(folder, "init", "-q", "--template=")
    inside = remit(folder, "build", "-o", "out")
    for done in (outside, inside):
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"remit: a bundle is made of a commit, and `{folder}` has none yet\n"


def test_a_broken_commit_is_reported_and_not_built(clone: Clone, remit: Remit) -> None:
    folder = clone({"releases/production.yaml": "apiVersion: remit/v1\n"})
    done = remit(folder, "build", "-o", "out")
    assert done.returncode == 1
    assert done.stdout.startswith("releases/production.yaml:1:1: error SCH002 missing-key: ")
    assert not (folder / "out").exists()


# ---- eval


def test_a_suite_asked_for_by_name_is_judged_alone(clone: Clone, cases_of: Cases, remit: Remit) -> None:
    done = remit(clone({CASES: cases_of(6, 2)}), "eval", "review")
    assert done.returncode == 1
    assert "the smallest k that passes is 7" in done.stdout


def test_a_suite_that_is_not_there_is_a_usage_error_with_the_nearest_name(clone: Clone, remit: Remit) -> None:
    done = remit(clone({}), "eval", "reviews")
    assert (done.returncode, done.stderr) == (
        2,
        "remit: there is no suite `reviews`; did you mean `review`\n",
    )


def test_without_a_suite_nothing_is_proven(clone: Clone, remit: Remit) -> None:
    folder = clone({})
    explainer = folder / "agents/explainer/agent.yaml"
    explainer.write_text(
        explainer.read_text("utf-8").replace("  evaluation: {suites: [review]}\n", ""), "utf-8"
    )
    shutil.rmtree(folder / "evals")
    shutil.rmtree(folder / "releases")
    (folder / "policies/gate.yaml").unlink()
    done = remit(folder, "eval")
    assert (done.returncode, done.stdout) == (3, "no suite measures an agent of `dev`\n")
