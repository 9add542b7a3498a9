"""The steps of a ship as values: what is sealed, what a trial may touch, and what a release says of its evals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from remit.check import CheckResult
from remit.diagnostic import Fault
from remit.git import Tree
from remit.read.file import file_fault
from remit.release.provenance import BuildFacts
from remit.release.ship import Evaluated, Sealed, evaluated, released, sealed, suites_of
from remit.release.trial import trial
from remit_runtime.errors import BundleRejected, UsageError
from remit_runtime.trust.keys import PrivateKey, ensure_dev_key, new_private_key, read_private_key
from remit_runtime.trust.verify import open_verified

PATH = "/usr/bin:/bin"
AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.lister, version: 0.1.0, owner: dev}
spec:
  purpose: List the files of the repository.
  tasks: {list: {}}
  tools: [git.ls_files]
  orchestration:
    function: {tool: git.ls_files, args: {}}
  evaluation: {suites: [lists]}
  output: {items: [string]}
"""
SUITE = """\
apiVersion: remit/v1
kind: EvalSuite
metadata: {id: lists, owner: dev}
spec:
  agent: acme.lister
  cases: cases.jsonl
  graders: [{id: items, type: exact, at: items}]
  success: [items]
"""
GATE = """\
apiVersion: remit/v1
kind: Gate
metadata: {id: quality, owner: dev}
spec:
  environments: [production]
  require: [{metric: task_success_rate, op: ">=", value: 0.30, basis: bound}]
"""
POLICY = """\
apiVersion: remit/v1
kind: Policy
metadata: {id: lists}
spec: {rules: [{id: lists, effect: permit, tools: [git.ls_files], reason: names of files are for everybody}]}
"""
RELEASE = """\
apiVersion: remit/v1
kind: Release
metadata: {id: production}
spec:
  environment: production
  agents: {acme.lister: {version: 0.1.0, lifecycle: active}}
"""


def environment(name: str) -> str:
    return (
        f"apiVersion: remit/v1\nkind: Environment\nmetadata: {{id: {name}}}\nspec: {{evidence: required}}\n"
    )


def cases(*wanted: list[str]) -> str:
    lines = [json.dumps({"id": f"case-{n}", "expect": {"items": items}}) for n, items in enumerate(wanted)]
    return "\n".join(lines) + "\n"


FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    "agents/lister/agent.yaml": AGENT,
    "evals/lists/suite.yaml": SUITE,
    "evals/lists/cases.jsonl": cases([], [], []),
    "policies/gate.yaml": GATE,
    "policies/lists.yaml": POLICY,
    "policies/production.yaml": environment("production"),
    "releases/production.yaml": RELEASE,
}


def tree_of(files: Mapping[str, str]) -> Tree:
    def content(path: str, limit: int) -> bytes | Fault:
        data = files[path].encode()
        return data if len(data) <= limit else file_fault("too-large", path)

    return Tree(Path("/nowhere"), tuple(sorted(files)), content)


def closing_tree(files: Mapping[str, str]) -> tuple[Tree, Callable[[], None]]:
    """A tree, and what closes it: like that of a commit, it can then be read no more."""
    closed: list[bool] = []
    tree = tree_of(files)

    def content(path: str, limit: int) -> bytes | Fault:
        if closed:
            raise ValueError("the tree is closed")
        return tree.content(path, limit)

    return Tree(tree.root, tree.paths, content), lambda: closed.append(True)


def made(files: Mapping[str, str], for_environment: str = "dev") -> Sealed:
    result = sealed(tree_of({**FILES, **files}), for_environment)
    assert isinstance(result, Sealed)
    return result


def clock() -> int:
    return 1_795_000_000_000


def trusted(home: Path) -> PrivateKey:
    """A key that `production` trusts on a machine."""
    key = new_private_key()
    home.mkdir(parents=True)
    (home / "trust.toml").write_text(
        f'version = 0\n[environments.production]\nthreshold = 1\nkeys = ["{key.public.keyid}"]\n'
        f'[keys.{key.public.keyid}]\nscheme = "ed25519"\npublic = "{key.public.raw.hex()}"\n',
        encoding="ascii",
    )
    return key


# ---- sealed


def test_a_tree_with_errors_gives_its_check_and_no_bundle() -> None:
    result = sealed(
        tree_of({**FILES, "agents/lister/agent.yaml": AGENT.replace("[git.ls_files]", "[git.lst]")}), "dev"
    )
    assert isinstance(result, CheckResult)
    assert result.has_errors


def test_an_environment_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="there is no environment `staging`; there are dev, production"):
        sealed(tree_of(FILES), "staging")


def test_an_environment_that_no_release_fills_has_no_bundle() -> None:
    files = {**FILES, "policies/staging.yaml": environment("staging")}
    with pytest.raises(UsageError, match="no Release puts an agent into `staging`"):
        sealed(tree_of(files), "staging")


def test_one_tree_seals_to_the_same_bytes_each_time() -> None:
    assert made({}).bundle.data == made({}).bundle.data
    assert made({}).bundle.digest != made({}, "production").bundle.digest


def test_the_suites_before_an_environment_are_those_of_its_agents() -> None:
    assert suites_of(made({})) == ("lists",)
    assert suites_of(made({}, "production")) == ("lists",)
    unmeasured = {
        "agents/lister/agent.yaml": AGENT.replace("  evaluation: {suites: [lists]}\n", ""),
        "releases/production.yaml": RELEASE.replace("lifecycle: active", "lifecycle: retired"),
    }
    assert suites_of(made(unmeasured)) == ()


# ---- evaluated


@pytest.mark.parametrize("for_environment", ["dev", "production"])
def test_what_is_sealed_is_evaluated_without_its_tree(for_environment: str) -> None:
    tree, close = closing_tree(FILES)
    result = sealed(tree, for_environment)
    close()
    assert isinstance(result, Sealed)
    shown = evaluated(result, suites_of(result), clock, PATH)
    assert shown.results["lists"].passed == 3
    assert [one.verdict for one in shown.judgements] == ([] if for_environment == "dev" else ["passed"])


def test_the_gates_of_an_environment_judge_only_there() -> None:
    assert evaluated(made({}), (), clock, PATH).verdict == "passed"
    without_results = evaluated(made({}, "production"), (), clock, PATH)
    assert [one.detail for one in without_results.judgements] == ["the suite did not run"]
    assert without_results.verdict == "not_proven"


# ---- on trial


def test_a_trial_leaves_nothing_behind_and_touches_no_local_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMIT_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with trial(made({}).bundle, clock, PATH) as bench:
        assert [entry.id for entry in bench.bundle.agents()] == ["acme.lister"]
        scratch = bench.scratch
        assert scratch.is_dir()
    assert not scratch.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_trial_that_is_broken_off_leaves_nothing_either() -> None:
    seen: list[Path] = []

    def break_off() -> None:
        with trial(made({}).bundle, clock, PATH) as bench:
            seen.append(bench.scratch)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert [path.exists() for path in seen] == [False]


# ---- released


def test_a_release_opens_where_its_gate_has_passed(facts: BuildFacts, tmp_path: Path) -> None:
    key = trusted(tmp_path / "home")
    result = made({}, "production")
    shown = evaluated(result, suites_of(result), clock, PATH)
    paths = released(result, shown, facts, (key,), tmp_path / "out", "0.1.0")
    bundle = open_verified(paths.bundle, None, tmp_path / "home", "production", facts.finished_ms)
    (record,) = bundle.evidence.suites
    assert (record.suite, record.agent, record.passed) == ("lists", "acme.lister", True)
    assert [(gate.id, gate.n, gate.k) for gate in record.gates] == [("quality", 3, 3)]


@pytest.mark.parametrize("what", ["nothing ran", "a gate failed"])
def test_a_release_without_passing_evidence_is_written_and_never_opens(
    facts: BuildFacts, tmp_path: Path, what: str
) -> None:
    key = trusted(tmp_path / "home")
    result = made({"evals/lists/cases.jsonl": cases([], ["a"], ["b"])}, "production")
    shown = Evaluated({}, ())
    if what == "a gate failed":
        shown = evaluated(result, suites_of(result), clock, PATH)
        assert [(one.verdict, one.k, one.needed) for one in shown.judgements] == [("failed", 1, 3)]
    paths = released(result, shown, facts, (key,), tmp_path / "out", "0.1.0")
    with pytest.raises(BundleRejected):
        open_verified(paths.bundle, None, tmp_path / "home", "production", facts.finished_ms)


def test_a_release_for_dev_opens_without_evidence(facts: BuildFacts, tmp_path: Path) -> None:
    key = read_private_key(ensure_dev_key(tmp_path / "home").path)
    paths = released(made({}), Evaluated({}, ()), facts, (key,), tmp_path / "out", "0.1.0")
    bundle = open_verified(paths.bundle, None, tmp_path / "home", "dev", facts.finished_ms)
    assert bundle.evidence.suites == ()
