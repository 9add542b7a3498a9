"""What an author types: init, explain, schema, agents."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remit.cli.here import did_you_mean, today, version_of
from remit.diagnostic import RulePage
from remit.git import Tree, enclosing_root, working_tree
from remit_runtime.errors import UsageError

if TYPE_CHECKING:
    from remit.check import CheckResult
    from remit.definitions import Agent
    from remit.init import Template
    from remit.report import Format


def init(arguments: argparse.Namespace) -> int:
    """Writes a first repository; nothing that exists is touched."""
    from remit.init import first_files

    directory = Path(arguments.directory)
    template = None if arguments.template is None else _template(arguments.template)
    organisation = arguments.organisation or _organisation_of(directory)
    try:
        files = first_files(organisation, template)
    except ValueError as error:
        raise UsageError("bad_organisation", str(error)) from error
    present = [path for path in files if (directory / path).exists()]
    if present:
        raise UsageError("files_exist", f"`{present[0]}` exists already, so nothing was written")
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text, encoding="utf-8")
        print(f"wrote {directory / path}")
    print(_next_steps(directory, organisation, template))
    return 0


def _template(name: str) -> Template:
    from remit.init import TEMPLATES

    if name not in TEMPLATES:
        meant = did_you_mean(name, TEMPLATES) or f"; templates are {', '.join(TEMPLATES)}"
        raise UsageError("no_such_template", f"there is no template `{name}`{meant}")
    return TEMPLATES[name]


def _organisation_of(directory: Path) -> str:
    word = re.sub(r"[^a-z0-9-]+", "-", directory.resolve().name.lower()).strip("-0123456789")
    return word[:40] or "acme"


def _next_steps(directory: Path, organisation: str, template: Template | None) -> str:
    from remit.init import run_of

    enter = "" if directory == Path() else f"cd {directory} && "
    smallest = f"remit run {organisation}.digest --input since=HEAD --script digest.script.json"
    run = smallest if template is None else run_of(template, organisation)
    return (
        "\nnext: commit it, then let a script stand in for the model:\n"
        f"  {enter}git init -q && git add . && git commit -qm 'First agent'\n"
        f"  {run}"
    )


def report_of(result: CheckResult, form: Format = "text") -> int:
    """Prints the report of a check and gives its exit code."""
    sys.stdout.write(report_text(result, form, colour=form == "text" and sys.stdout.isatty()))
    return 1 if result.has_errors else 0


def report_text(result: CheckResult, form: Format, *, colour: bool) -> str:
    """The report of a check."""
    from remit.report import render

    return render(
        result.diagnostics,
        form,
        result.sources,
        files=result.files,
        rules=_rule_pages() if form == "sarif" else (),
        # To look up a version reads the names of all that is installed, and only SARIF tells it.
        version=version_of("remit") if form == "sarif" else "",
        colour=colour,
        suppressed=result.suppressed,
    )


def _rule_pages() -> tuple[RulePage, ...]:
    from remit.rule import page_of
    from remit.rules import RULES

    return tuple(page_of(rule) for rule in RULES)


def explain(arguments: argparse.Namespace) -> int:
    """Prints the page of a rule."""
    from remit.rule import page_of
    from remit.rules import RULES

    wanted = arguments.rule
    for rule in RULES:
        if wanted.upper() == rule.code or wanted == rule.name:
            sys.stdout.write(page_of(rule).markdown)
            return 0
    words = [word for rule in RULES for word in (rule.code, rule.name)]
    raise UsageError("no_such_rule", f"there is no rule `{wanted}`{did_you_mean(wanted, words)}")


def schema(arguments: argparse.Namespace) -> int:
    """Prints the JSON Schema of the language or of one kind."""
    from remit.definitions import KINDS
    from remit.definitions.schema import json_schema

    if arguments.kind is not None and arguments.kind not in KINDS:
        meant = did_you_mean(arguments.kind, KINDS) or f"; kinds are {', '.join(KINDS)}"
        raise UsageError("no_such_kind", f"there is no kind `{arguments.kind}`{meant}")
    json.dump(json_schema(arguments.kind), sys.stdout, indent=2, ensure_ascii=False)
    print()
    return 0


def tree_of(directory: Path) -> Tree:
    """The tree of definitions around a directory, as they are on disk."""
    if not directory.is_dir():
        raise UsageError("no_such_directory", f"`{directory}` is not a directory")
    return working_tree(enclosing_root(directory) or directory.resolve())


def agents(arguments: argparse.Namespace) -> int:
    """Lists the agents of the repository: who owns them and what each may use."""
    from remit.check import check as checked
    from remit.definitions import Agent

    result = checked(tree_of(Path(arguments.directory)), today=today())
    if result.has_errors:
        return report_of(result, arguments.format)
    found = [_inventory(agent) for agent in result.portfolio.of(Agent).values()]
    if arguments.format == "json":
        print(json.dumps({"version": 1, "agents": found}, indent=2, ensure_ascii=False))
        return 0
    for row in found:
        print(
            f"{row['id']}  {row['version']}  owned by {row['owner']}, risk {row['risk']}, {row['autonomy']}"
        )
        print(f"  {row['purpose']}")
        for key in ("tools", "denied", "models", "suites"):
            if row[key]:
                print(f"  {key:7} {', '.join(row[key])}")
        print(f"  budget  {', '.join(f'{name} {value}' for name, value in row['budget'].items())}")
    return 0


def _inventory(agent: Agent) -> dict[str, Any]:
    spec = agent.spec
    return {
        "id": agent.metadata.id,
        "version": agent.metadata.version,
        "owner": agent.metadata.owner,
        "risk": agent.metadata.risk,
        "autonomy": spec.autonomy,
        "purpose": spec.purpose,
        "form": spec.orchestration.form,
        "tools": list(spec.tools.allowed),
        "denied": list(spec.tools.denied),
        "models": list(spec.models.allowed),
        "suites": list(spec.evaluation.suites),
        "budget": {
            "steps": spec.budget.steps,
            "model_calls": spec.budget.model_calls,
            "tool_calls": spec.budget.tool_calls,
            "usd": str(spec.budget.usd),
            "minutes": str(spec.budget.minutes),
        },
    }
