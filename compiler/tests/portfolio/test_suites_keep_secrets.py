"""The credentials of a trial stand nowhere in what its runs leave behind, whatever their suites try.

By default the suites of the summariser and the reviewer run, which lease most; `REMIT_EVERY_SUITE=1` runs them all.
"""

import os
import shutil
from pathlib import Path

import canary

from remit.evals.run import evaluate
from remit.git.disk import folder_tree
from remit.release.ship import Sealed, sealed, suites_of
from remit.release.trial import trial

ROOT = Path(__file__).parents[3]
PARTS = ("agents", "evals", "policies", "releases", "tools", "remit.yaml")
SECRETS = ("stand-in-for-github_app", "stand-in-for-model_provider")
NOW = 1_795_000_000_000


def test_what_suites_leave_behind_holds_no_credential(tmp_path: Path) -> None:
    for name in PARTS:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, tmp_path / name)
    made = sealed(folder_tree(tmp_path), "dev")
    assert isinstance(made, Sealed)
    every = suites_of(made)
    wanted = every if os.environ.get("REMIT_EVERY_SUITE") else ("pr_summaries", "pr_review")
    with trial(made.bundle, lambda: NOW, os.environ["PATH"]) as bench:
        asked = 0
        for name in wanted:
            result = evaluate(bench, made.suites[name], "sha256:none")
            asked += sum(len(case.runs) for case in result.cases)
            assert result.lacking is not None or all(case.passed for case in result.cases), name
        home = bench.runtime.home
        rows = bench.runtime.journal.export_audit()
        found = [place for secret in SECRETS for place in canary.found(home, secret)]
    assert found == []
    assert not any(canary.sings(row, secret) for row in rows for secret in SECRETS)
    assert asked > 0
