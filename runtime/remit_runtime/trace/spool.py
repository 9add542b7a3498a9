"""The spool: how far the spans of each run have reached the receiver. The spans themselves wait in the journal."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from remit_runtime.errors import JournalCorrupt, StoreUnavailable, UsageError
from remit_runtime.journal.events import RunEnded
from remit_runtime.journal.family import Family, family_of
from remit_runtime.journal.sqlite import Journal
from remit_runtime.trace.derive import spans_of
from remit_runtime.trace.export import Exporter
from remit_runtime.trace.span import Span

SPOOL = "spool"
_VERSION = 1
_FAILED = ".failed"


@dataclass(frozen=True)
class Sent:
    """What a sending came to: spans that were taken now, and runs whose spans still wait."""

    spans: int
    waiting: tuple[str, ...]


def begin(home: Path, run: str) -> None:
    """Notes that a run's spans are to be sent, none of which were; before the run starts, so that none is forgotten.

    Raises:
        StoreUnavailable: `spool_unwritable`.
    """
    if not _file(home, run).exists():
        _write(home, run, {})


def drop(home: Path, run: str) -> None:
    """Forgets a run: it never started, or all of its spans were taken."""
    _file(home, run).unlink(missing_ok=True)
    _file(home, run, _FAILED).unlink(missing_ok=True)


def spooled(home: Path) -> tuple[str, ...]:
    """The runs whose spans are not all sent, sorted."""
    return tuple(sorted(path.stem for path in (home / SPOOL).glob("*.json")))


def send(journal: Journal, home: Path, run: str, exporter: Exporter) -> int | None:
    """How many spans of a run the receiver has taken now, of those that are over; None when it did not take them.

    Raises:
        JournalCorrupt: the run's events are not what was written.
        StoreUnavailable: the journal does not answer, or the spool cannot be written.
    """
    try:
        family = family_of(journal, run)
    except UsageError:  # it was noted and never started
        drop(home, run)
        return 0
    spans = left(family, _read(home, run))
    if spans and not exporter(spans):
        _file(home, run, _FAILED).touch()
        return None
    if isinstance(family.events[-1].event, RunEnded):
        drop(home, run)
        return len(spans)
    _write(home, run, {one.run: one.events[-1].seq for one in family.members()})
    _file(home, run, _FAILED).unlink(missing_ok=True)
    return len(spans)


def send_all(journal: Journal, home: Path, exporter: Exporter) -> Sent:
    """Sends what is over of every spooled run; stops at the first that the receiver does not take.

    Raises:
        JournalCorrupt: a run's events are not what was written.
        StoreUnavailable: the journal does not answer, or the spool cannot be written.
    """
    return _send(journal, home, exporter, spooled(home))


def send_ended(journal: Journal, home: Path, run: str, exporter: Exporter) -> None:
    """Sends a run that has ended or pauses now, and then the runs that the receiver did not take before.

    Nothing that goes wrong is raised: the run is over, and its spans stay spooled.
    """
    try:
        if send(journal, home, run, exporter) is not None:
            failed = (home / SPOOL).glob(f"*{_FAILED}")
            _send(journal, home, exporter, tuple(sorted(path.stem for path in failed)))
    except (JournalCorrupt, StoreUnavailable, OSError):
        return


def _send(journal: Journal, home: Path, exporter: Exporter, runs: tuple[str, ...]) -> Sent:
    taken = 0
    for index, run in enumerate(runs):
        sent = send(journal, home, run, exporter)
        if sent is None:
            return Sent(taken, runs[index:])
        taken += sent
    return Sent(taken, ())


def left(family: Family, sent: Mapping[str, int]) -> tuple[Span, ...]:
    """The spans that are over and were not sent. `sent` is the last event of each run that a sending has seen."""
    return tuple(
        one for one in spans_of(family) if one.closed is not None and one.closed > sent.get(one.run, 0)
    )


def _file(home: Path, run: str, suffix: str = ".json") -> Path:
    return home / SPOOL / f"{run}{suffix}"


def _read(home: Path, run: str) -> dict[str, int]:
    """How far each run of a family was sent; from the start where nobody can read it, which sends spans twice."""
    try:
        value: object = json.loads(_file(home, run).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    sent = cast("dict[str, object]", value).get("sent") if isinstance(value, dict) else None
    if not isinstance(sent, dict):
        return {}
    marks = cast("dict[str, object]", sent)
    return {name: seq for name, seq in marks.items() if type(seq) is int}


def _write(home: Path, run: str, sent: Mapping[str, int]) -> None:
    file = _file(home, run)
    half = file.with_suffix(".part")
    try:
        file.parent.mkdir(mode=0o700, exist_ok=True)
        with half.open("w", encoding="utf-8") as out:
            json.dump({"version": _VERSION, "sent": dict(sent)}, out)
            out.flush()
            os.fsync(out.fileno())
        half.replace(file)
    except OSError as error:
        message = f"`{file.parent}` cannot keep what of a trace was sent"
        raise StoreUnavailable("spool_unwritable", message) from error
