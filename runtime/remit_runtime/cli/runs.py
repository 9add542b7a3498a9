"""`runs` and `audit`: what has run, in full, and whether the record of it still holds."""

from __future__ import annotations

import argparse
import json

import msgspec

from remit_runtime.cli import here
from remit_runtime.cli.bundles import source_map_of
from remit_runtime.errors import UsageError
from remit_runtime.journal.records import Broken, Refused, RunFilter, RunRecord
from remit_runtime.run.show import audit_line, shown_json_of, shown_of
from remit_runtime.run.wording import when


def list_runs(arguments: argparse.Namespace) -> int:
    """Prints runs, the newest first."""
    wanted = RunFilter(arguments.agent, arguments.status, max(1, arguments.limit))
    with here.existing_runtime() as runtime:
        records = runtime.journal.runs(wanted)
    if arguments.format == "json":
        print(json.dumps({"version": 1, "runs": [_summary(record) for record in records]}))
        return 0
    for record in records:
        print(
            f"{record.run}  {when(record.created_ms)}  {record.agent} {record.version}  {_standing(record)}"
            + ("" if record.parent is None else f"  child of {record.parent}")
        )
    if not records:
        print("no runs")
    return 0


def show_run(arguments: argparse.Namespace) -> int:
    """Prints every state, decision, call and audit row of a run."""
    with here.existing_runtime() as runtime:
        record = runtime.journal.read(arguments.run)
        places = source_map_of(record.bundle)
        text = shown_json_of if arguments.format == "json" else shown_of
        print(text(runtime.journal, arguments.run, places))
    return 0


def audit_run(arguments: argparse.Namespace) -> int:
    """Prints the audit rows of a run."""
    with here.existing_runtime() as runtime:
        runtime.journal.read(arguments.run)
        rows = runtime.journal.audit_rows(arguments.run)
    if arguments.format == "json":
        print(json.dumps({"version": 1, "rows": [msgspec.to_builtins(row) for row in rows]}))
        return 0
    for row in rows:
        print(audit_line(row))
    return 0


def cancel_run(arguments: argparse.Namespace) -> int:
    """Cancels a run."""
    with here.existing_runtime() as runtime:
        refused = runtime.journal.request_cancel(arguments.run, here.local_user())
        if isinstance(refused, Refused):
            raise UsageError("run_ended", f"run `{arguments.run}` has ended already")
        runtime.journal.sweep(runtime.owner)
        record = runtime.journal.read(arguments.run)
    print(f"{arguments.run}  {_standing(record)}")
    return 0


def verify_audit(arguments: argparse.Namespace) -> int:
    """Verifies the audit and every run's events; 1 when a row is not what was written."""
    with here.existing_runtime() as runtime:
        found = {"audit": runtime.journal.verify_audit(), "runs": runtime.journal.verify()}
    broken = {name: one for name, one in found.items() if isinstance(one, Broken)}
    if arguments.format == "json":
        body = {name: msgspec.to_builtins(one) for name, one in found.items()}
        print(json.dumps({"version": 1, "holds": not broken, **body}))
        return 1 if broken else 0
    for name, one in found.items():
        if isinstance(one, Broken):
            print(f"{name}  row {one.seq} of {one.run or one.table} is not what was written: {one.why}")
        else:
            print(f"{name}  {one.rows} rows hold, head {one.head}")
    return 1 if broken else 0


def _summary(record: RunRecord) -> dict[str, object]:
    return {
        "run": record.run,
        "agent": record.agent,
        "agent_version": record.version,
        "bundle": record.bundle,
        "environment": record.environment,
        "task": record.task,
        "user": record.user,
        "parent": record.parent,
        "created_ms": record.created_ms,
        "ended_ms": record.ended_ms,
        "status": record.status,
        "reason": record.reason,
    }


def _standing(record: RunRecord) -> str:
    if record.reason is not None:
        return record.reason
    stopping = "killed" if record.killed else "cancel requested" if record.cancel_requested else None
    return record.status if stopping is None else f"{record.status}, {stopping}"
