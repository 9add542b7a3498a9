"""`run` and `runs resume`: one run from the command line, and what is said of it."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.cli import bundles, here
from remit_runtime.cli.inputs import input_of, read_bytes, task_properties
from remit_runtime.errors import UsageError
from remit_runtime.gateway.redact import shown, shown_json
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.models.json_text import trusted_json
from remit_runtime.models.port import ModelPort
from remit_runtime.models.provider import ProviderModel
from remit_runtime.models.scripted import MAX_SCRIPT_BYTES, ScriptedModel, parse_script
from remit_runtime.run.admission import needed_workspaces, with_handoffs
from remit_runtime.run.result import RunResult
from remit_runtime.run.wording import money

_PRINCIPAL = re.compile(
    r"os:[^\s:/*]{1,64}|github:[A-Za-z0-9-]{1,64}/[A-Za-z0-9._-]{1,64}|key:[0-9a-f]{6,64}"
)


def run(arguments: argparse.Namespace) -> int:
    """Runs an agent and prints what the run has come to."""
    return report(result_of(arguments), arguments.format)


def result_of(arguments: argparse.Namespace) -> RunResult:
    """What a run that the command line asks for has come to."""
    _refuse_undecodable((arguments.agent, arguments.task or "", *arguments.input))
    model = _model(arguments.script)
    path = bundles.find(arguments.bundle)
    bundle = bundles.opened(arguments.bundle, arguments.env)
    workspaces = _workspaces(arguments.workspace, bundle, arguments.agent)
    request = InvokeRequest(
        agent=arguments.agent,
        input=input_of(arguments.input, task_properties(bundle, arguments.agent, arguments.task)),
        user=here.local_user() if arguments.principal is None else principal_of(arguments.principal),
        task=arguments.task,
        workspaces=workspaces,
        model=model,
        asserted_user=arguments.principal is not None,
        quoted=tuple(arguments.quoted),
    )
    with here.runtime() as runtime:
        bundles.keep(path, bundle)
        return invoke(runtime, bundle, request)


def resume_run(arguments: argparse.Namespace) -> int:
    """Takes up a run that was left and prints what it has come to."""
    model = _model(arguments.script)
    with here.existing_runtime() as runtime:
        bundle = _bundle_of(runtime, arguments.run, arguments.bundle)
        return report(resume(runtime, bundle, arguments.run, model), arguments.format)


def report(result: RunResult, form: str) -> int:
    """Prints a result and gives its exit code: 0 succeeded, 4 waits for a person, 1 any other end."""
    print(result_json(result) if form == "json" else result_text(result))
    if result.status == "waiting":
        return 4
    return 0 if result.succeeded else 1


def result_json(result: RunResult) -> str:
    """A result as one line of JSON."""
    budget, spent = result.budget, result.spent
    return json.dumps(
        {
            "version": 1,
            "run": result.run,
            "agent": result.agent,
            "agent_version": result.version,
            "status": result.status,
            "reason": result.reason,
            "detail": result.detail,
            "output": None if result.output is None else trusted_json(result.output),
            "artifacts": [
                {"name": one.name, "path": str(one.path), "digest": one.digest, "length": one.length}
                for one in result.artifacts
            ],
            "spent": {
                "steps": spent.steps,
                "model_calls": spent.model_calls,
                "tool_calls": spent.tool_calls,
                "microusd": spent.microusd,
            },
            "budget": {
                "steps": budget.steps,
                "model_calls": budget.model_calls,
                "tool_calls": budget.tool_calls,
                "microusd": budget.microusd,
                "milliseconds": budget.milliseconds,
            },
        }
    )


def result_text(result: RunResult) -> str:
    """A result as a person reads it."""
    budget, spent = result.budget, result.spent
    lines = [
        f"{result.run}  {result.agent} {result.version}  {result.reason or 'waiting'}",
        f"  {shown(result.detail)}",
    ]
    if result.output is not None:
        text = json.dumps(trusted_json(result.output), ensure_ascii=False, indent=2)
        lines += [f"  {shown_json(line)}" for line in text.split("\n")]
    lines += [f"  wrote {one.path} ({one.length} bytes)" for one in result.artifacts]
    lines.append(
        f"  steps {spent.steps}/{budget.steps}"
        f"  model calls {spent.model_calls}/{budget.model_calls}"
        f"  tool calls {spent.tool_calls}/{budget.tool_calls}"
        f"  {money(spent.microusd)}/{money(budget.microusd)} USD"
    )
    return "\n".join(lines)


def _refuse_undecodable(words: Sequence[str]) -> None:
    """Bytes that are not UTF-8 reach Python as lone surrogates, which no journal and no digest takes."""
    for word in words:
        try:
            word.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UsageError("word_not_text", f"`{word}` is not valid text") from error


def _model(script: str | None) -> ModelPort:
    """The script that answers for every model, or without one the providers that the bundle names."""
    if script is None:
        return ProviderModel(here.now_ms)
    return ScriptedModel(parse_script(read_bytes(script, "script", MAX_SCRIPT_BYTES)))


def principal_of(text: str) -> str:
    """The principal that a word claims.

    Raises:
        UsageError: it is of no form of a principal.
    """
    if _PRINCIPAL.fullmatch(text) is None:
        message = f"`--as {text}` is not `os:LOGIN`, `github:ORG/TEAM` or `key:KEYID`"
        raise UsageError("principal_malformed", message)
    return text


def _workspaces(given: Sequence[str], bundle: VerifiedBundle, agent: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for word in given:
        name, equals, path = word.partition("=")
        if not equals or not name or not path or name in found:
            raise UsageError(
                "workspace_malformed", f"`--workspace {word}` is not one NAME=PATH for each name"
            )
        found[name] = Path(path)
    known = any(entry.id == agent for entry in bundle.agents())
    unused = (
        sorted(set(found) - set(needed_workspaces(bundle, with_handoffs(bundle, agent)))) if known else []
    )
    if unused:
        raise UsageError("workspace_unused", f"no tool of agent `{agent}` works in a workspace `{unused[0]}`")
    repository = here.enclosing_repository()
    if repository is not None:
        found.setdefault("repository", repository)
    return found


def _bundle_of(runtime: Runtime, run: str, given: str | None) -> VerifiedBundle:
    record = runtime.journal.read(run)
    return bundles.opened(given or record.bundle, record.environment)
