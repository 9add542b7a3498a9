"""A first repository, as files to write: the smallest one that compiles and runs, or one of the templates."""

from __future__ import annotations

import json
import re

from remit.init.smallest import AGENT, IGNORED, ROOT
from remit.init.template import TEMPLATES, Template, run_of, template_files

__all__ = ["ORGANISATION", "TEMPLATES", "Template", "first_files", "run_of", "template_files"]

ORGANISATION = re.compile(r"[a-z][a-z0-9-]{0,39}")


def first_files(organisation: str, template: Template | None = None) -> dict[str, str]:
    """The files of a first repository by path: definitions, a script that runs the agent, and what git ignores.

    Raises:
        ValueError: the organisation is not one lower-case word.
    """
    if not ORGANISATION.fullmatch(organisation):
        message = f"an organisation is one lower-case word such as `acme`, not `{organisation}`"
        raise ValueError(message)
    if template is not None:
        return template_files(template, organisation)
    return {
        "remit.yaml": ROOT.format(organisation=organisation),
        "agents/digest/agent.yaml": AGENT.format(organisation=organisation),
        "digest.script.json": json.dumps(_SCRIPT, indent=2) + "\n",
        ".gitignore": IGNORED,
    }


_SCRIPT = {
    "version": 0,
    "decisions": [
        {"state": "work", "call": {"tool": "git.log", "args": {"max_count": 20}}},
        {"state": "work", "respond": {"summary": "A script wrote this: put a model in its place."}},
    ],
}
