"""One round of the peers' runs over comparable work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import peers
from measure import Cost, cost
from ours import program

DBT_COLD, DBT_UNCHANGED, DBT_CHANGED = "dbt parse", "dbt parse, no change", "dbt parse, one file changed"
JSONSCHEMA, CFN_LINT, YAMLLINT = "check-jsonschema", "cfn-lint", "yamllint"


@dataclass(frozen=True)
class Peers:
    """Where the programs of the peers stand, and what they are given."""

    place: Path
    folder: Path
    size: int

    @classmethod
    def prepared(cls, place: Path, folder: Path, size: int) -> Peers:
        """Writes a dbt project of `size` models, a tenth as many templates, and the schema of agents."""
        made = cls(place, folder, size)
        for models in (size, made.small().size):
            peers.write_dbt(folder / f"dbt-{models}", models)
            peers.write_templates(folder / f"templates-{models}", max(1, models // 10))
        schema = cost(program("remit"), "schema", "Agent").out
        (folder / "agent.schema.json").write_text(schema, encoding="utf-8")
        return made

    def small(self) -> Peers:
        """The same programs with little to do."""
        return replace(self, size=10)

    def run(self, *command: str) -> Cost:
        """The cost of one of their commands; findings are no failure."""
        return cost(*command, cwd=self.folder, env={**peers.QUIET, "HOME": str(self.folder)}, codes=(0, 1))


def peer_runs(them: Peers, repository: Path, number: int) -> Iterator[tuple[str, Cost]]:
    """The costs of every run of theirs over their work, or over our `repository`."""
    project = them.folder / f"dbt-{them.size}"
    parse = peers.dbt_parse(them.place, project)
    shutil.rmtree(project / "target", ignore_errors=True)
    yield DBT_COLD, them.run(*parse)
    yield DBT_UNCHANGED, them.run(*parse)
    (project / "models" / "m5.yml").write_text(peers.documented(5, f", change {number}"), encoding="utf-8")
    yield DBT_CHANGED, them.run(*parse)
    schema = them.folder / "agent.schema.json"
    yield JSONSCHEMA, them.run(*peers.check_jsonschema(them.place, schema, repository))
    yield CFN_LINT, them.run(*peers.cfn_lint(them.place, them.folder / f"templates-{them.size}"))
    yield YAMLLINT, them.run(*peers.yamllint(them.place, repository))
