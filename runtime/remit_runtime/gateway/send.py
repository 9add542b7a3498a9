"""The send of a prepared call: its process runs to its end, and what it wrote becomes a value or a failure."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

from remit_runtime.bundle.tool import ToolIR
from remit_runtime.errors import NotCanonical
from remit_runtime.gateway.ended import Answered, Failed, failed
from remit_runtime.gateway.output import REPLACED, OutputInvalid, output_of
from remit_runtime.gateway.process import WALLS_FAILED, Ended, NotStarted, Order, environment, run
from remit_runtime.gateway.recorded import recorded
from remit_runtime.gateway.redact import Redactor, redacted
from remit_runtime.gateway.sandbox import Enclosure, Sandbox, enclosed
from remit_runtime.gateway.schemas import Schema
from remit_runtime.gateway.stages import PreparedProcess
from remit_runtime.gateway.workspace import copied, discard
from remit_runtime.models.json_text import Json

MAX_SHOWN_ERROR_CHARACTERS = 2_000
MEMORY_BYTES = 4 * 2**30
FILE_BYTES = 256 * 2**20
OPEN_FILES = 256
PROCESSES = 4_096


def send(
    prepared: PreparedProcess,
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
    prepared: PreparedProcess,
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


def _order(
    prepared: PreparedProcess, tool: ToolIR, seconds: float, sandbox: Sandbox, *, writable: bool
) -> Order:
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
    ended: Ended | NotStarted, prepared: PreparedProcess, tool: ToolIR, redactor: Redactor
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
            said = redacted(ended.errors.decode("utf-8", "replace").strip(), redactor).value
            begin = said[:MAX_SHOWN_ERROR_CHARACTERS] if isinstance(said, str) else ""
            shown: dict[str, Json] = {"errors": begin, "exit_code": code}
            return _failed(tool, "exit_code", f"the tool ended with exit code {code}", shown, redactor)
        case Ended():
            return None


_CUTS = {
    "output_too_large": "the tool wrote more than its limit and was ended",
    "timeout": "the tool did not end in time and was ended",
    "stopped": "the run was stopped while the tool ran, and the tool was ended",
}
_MAYBE_DONE = {"output_too_large", "timeout", "stopped", "output_invalid"}


def _walls_failed(ended: Ended, prepared: PreparedProcess) -> bool:
    """Whether the launcher or bubblewrap gave up before the program ran: an exit of 1 must not pass for the tool's."""
    if ended.exit_code == WALLS_FAILED:
        return True
    return prepared.layer == "bubblewrap" and ended.exit_code == 1 and ended.errors.startswith(b"bwrap: ")


def _failed(tool: ToolIR, code: str, reason: str, shown: dict[str, Json], redactor: Redactor) -> Failed:
    # What was cut off while it changed something may have changed it: only a read is known to have changed nothing.
    maybe_done = tool.effect != "read" and code in _MAYBE_DONE
    return failed("unknown" if maybe_done else "error", code, reason, shown, redactor)
