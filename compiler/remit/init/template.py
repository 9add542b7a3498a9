"""Templates: small repositories with one agent of a common kind, shipped as files (docs/templates.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from remit.init.smallest import IGNORED

FOLDER = Path(__file__).parent / "templates"
"""A folder for each template, a repository as it stands, of an organisation in whose place another is put."""

PLACEHOLDER = "acme"


class Template(NamedTuple):
    """A template: `input` is what its script runs with, as arguments of `remit run --input`."""

    name: str
    input: tuple[str, ...]

    @property
    def script(self) -> str:
        """The file that stands in for a model."""
        return f"{self.name}.script.json"


TEMPLATES: Mapping[str, Template] = {
    one.name: one
    for one in (
        Template("advisory", ("question='May it be released?'", "since=HEAD")),
        Template("reviewer", ("repository=acme/app", "base=HEAD")),
        Template("operator", ("service=shop", "what='slow since ten'")),
        Template("coding", ("repository=acme/app", "wish='Round half up'")),
        Template("migration", ("from=purpose", "to=goal")),
        Template("triage", ("title='Export crashes'", "body='Since 2.3'")),
        Template("research", ("question='What does the agent do?'",)),
        Template("monitoring", ("service=shop", "path=logs/app.log")),
    )
}
"""Every template, in the order in which the page lists them."""


def template_files(template: Template, organisation: str) -> dict[str, str]:
    """The files of a template by path, for an organisation whose name has been checked."""
    root = FOLDER / template.name
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    written = {
        path.relative_to(root).as_posix(): path.read_text("utf-8").replace(PLACEHOLDER, organisation)
        for path in paths
    }
    return {**written, ".gitignore": IGNORED}


def run_of(template: Template, organisation: str) -> str:
    """The command that runs the agent of a template with its script."""
    given = " ".join(f"--input {one.replace(PLACEHOLDER, organisation)}" for one in template.input)
    return f"remit run {organisation}.{template.name} {given} --script {template.script}"
