"""The send of a prepared call: its process runs to its end, and what it wrote becomes a value or a failure."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from remit_runtime.bundle.tool import ToolIR
from remit_runtime.errors import NotCanonical
from remit_runtime.gateway.output import REPLACED, OutputInvalid, output_of
from remit_runtime.gateway.process import WALLS_FAILED, Ended, NotStarted, Order, environment, run
from remit_runtime.gateway.recorded import Recorded, recorded
from remit_runtime.gateway.redact import Redactor
from remit_runtime.gateway.sandbox import Enclosure, Sandbox, enclosed
from remit_runtime.gateway.schemas import Schema
from remit_runtime.gateway.stages import Prepared
from remit_runtime.gateway.workspace import copied, discard
from remit_runtime.models.json_text import Json

MAX_SHOWN_ERROR_CHARACTERS = 2_000
MEMORY_BYTES = 4 * 2**30
FILE_BYTES = 256 * 2**20
OPEN_FILES = 256
PROCESSES = 4_096


@dataclass(frozen=True, slots=True)
class Answered:
    """The tool gave an output of its declared form; `code` flags what was done to it."""

    output: Recorded
    code: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The tool did not answer as declared. `output` says what may be shown of why."""

    outcome: Literal["error", "unknown"]
    code: str
    reason: str
    output: Recorded | None


def send(
    prepared: Prepared,
    tool: ToolIR,
    number: int,
    seconds: float,
    sandbox: Sandbox,
    schema: Schema,
    redactor: Redactor,
    stopped: Callable[[], bool],
) -> Answered | Failed:
    """What came of the call. Whatever fails here fails after the send: the call may have had its effect.

    `number` makes the names of this call's own files; `seconds` is what is left of the deadline.
    """
    ended = _performed(prepared, tool, number, seconds, sandbox, stopped)
    failure = _failure(ended, prepared, tool, redactor)
    if failure is not None or not isinstance(ended, Ended):
        return failure or _failed(tool, "not_started", "the process did not start", {}, redactor)
    try:
        output = output_of(ended.output, prepared.process)
        faults = schema.faults(output.value)
        if faults:
            return _failed(tool, "output_invalid", "; ".join(faults), {"faults": [*faults]}, redactor)
        return Answered(recorded(output.value, redactor), REPLACED if output.replaced else None)
    except (OutputInvalid, NotCanonical) as error:
        return _failed(tool, "output_invalid", str(error), {"faults": [str(error)]}, redactor)


def _performed(
    prepared: Prepared,
    tool: ToolIR,
    number: int,
    seconds: float,
    sandbox: Sandbox,
    stopped: Callable[[], bool],
) -> Ended | NotStarted:
    """The process, on a copy of its checkout where it may write."""
    writes = prepared.process.sandbox == "scratch"
    own = None
    try:
        if writes and prepared.workspace is not None:
            own = copied(prepared.workspace, number)
            prepared = replace(prepared, workspace=own)
        return run(_order(prepared, tool, seconds, sandbox, writable=writes), stopped)
    except (OSError, shutil.Error) as error:
        return NotStarted(
            f"the checkout could not be copied: {error.strerror or 'a file of it cannot be read'}"
        )
    finally:
        if own is not None:
            discard(own)


def _order(prepared: Prepared, tool: ToolIR, seconds: float, sandbox: Sandbox, *, writable: bool) -> Order:
    seconds = min(seconds, tool.limits.timeout_milliseconds / 1000)
    limits = {
        "as": MEMORY_BYTES,
        "core": 0,
        "cpu": int(seconds) + 1,
        "fsize": FILE_BYTES,
        "nofile": OPEN_FILES,
        "nproc": PROCESSES,
    }
    checkout = None if prepared.workspace is None else prepared.workspace.path
    reads = prepared.executable.executable.reads
    walls = enclosed(sandbox, prepared.layer, Enclosure(prepared.command, reads, checkout, writable, limits))
    return Order(
        walls.command, walls.folder, environment(), prepared.stdin, tool.limits.max_output_bytes, seconds
    )


def _failure(
    ended: Ended | NotStarted, prepared: Prepared, tool: ToolIR, redactor: Redactor
) -> Failed | None:
    match ended:
        case NotStarted(reason):
            return _failed(tool, "not_started", reason, {}, redactor)
        case Ended(cut=str() as cut):
            return _failed(tool, cut, _CUTS[cut], {}, redactor)
        case Ended(exit_code=code) if _walls_failed(ended, prepared):
            return _failed(
                tool, "sandbox_failed", "the walls of the sandbox could not be put up", {}, redactor
            )
        case Ended(exit_code=int() as code) if code not in prepared.process.ok_exit_codes:
            said = ended.errors.decode("utf-8", "replace").strip()[:MAX_SHOWN_ERROR_CHARACTERS]
            shown: dict[str, Json] = {"errors": said, "exit_code": code}
            return _failed(tool, "exit_code", f"the tool ended with exit code {code}", shown, redactor)
        case Ended():
            return None


_CUTS = {
    "output_too_large": "the tool wrote more than its limit and was ended",
    "timeout": "the tool did not end in time and was ended",
    "stopped": "the run was stopped while the tool ran, and the tool was ended",
}
_MAYBE_DONE = {"output_too_large", "timeout", "stopped", "output_invalid"}


def _walls_failed(ended: Ended, prepared: Prepared) -> bool:
    """Whether the launcher or bubblewrap gave up before the program ran: an exit of 1 must not pass for the tool's."""
    if ended.exit_code == WALLS_FAILED:
        return True
    return prepared.layer == "bubblewrap" and ended.exit_code == 1 and ended.errors.startswith(b"bwrap: ")


def _failed(tool: ToolIR, code: str, reason: str, shown: dict[str, Json], redactor: Redactor) -> Failed:
    # What was cut off while it changed something may have changed it: only a read is known to have changed nothing.
    outcome: Literal["error", "unknown"] = (
        "unknown" if tool.effect != "read" and code in _MAYBE_DONE else "error"
    )
    return Failed(outcome, code, reason, recorded(shown, redactor) if shown else None)
