"""`remit check`: every finding; where nothing changed, what was told last, at the cost of looking whether it did.

Whatever is imported here is paid for by a check of what did not change: a test holds the list.
"""

from __future__ import annotations

import os
import sys

from remit.cache.fingerprint import fingerprint
from remit.cache.scan import Scan, scan
from remit.cache.store import Store
from remit.cache.told import Told, recall, tell
from remit.git.listing import nearest_with

TYPE_CHECKING = False  # see `remit.cache.store`
if TYPE_CHECKING:
    import argparse

    from remit.recheck import Rechecked
    from remit.report import Format


def check(arguments: argparse.Namespace) -> int:
    """Reports every finding; exit 1 when one of them is an error."""
    directory = os.path.realpath(arguments.directory)
    if not os.path.isdir(directory):  # noqa: PTH112 -- see `remit.cache.store`
        from remit_runtime.errors import UsageError

        raise UsageError("no_such_directory", f"`{arguments.directory}` is not a directory")
    root = nearest_with(directory, "remit.yaml")
    form: Format = arguments.format
    colour = form == "text" and sys.stdout.isatty()
    # Without its root marker a folder may be anything, and nothing is put into it.
    store = None if arguments.no_cache or root is None else Store(_home(root), root)
    return _Check(root or directory, store, form, colour, arguments.statistics).run()


class _Check:
    """One check and the report that is wanted of it."""

    def __init__(self, root: str, store: Store | None, form: Format, colour: bool, statistics: bool) -> None:
        self.root, self.store, self.colour, self.statistics = root, store, colour, statistics
        self.form: Format = form
        self.encoding = sys.stdout.encoding or "utf-8"
        self.shown = f"{form}/{'colour' if colour else 'plain'}/{self.encoding}"
        self.compiler = b"" if store is None else fingerprint()

    def run(self) -> int:
        in_repository = nearest_with(self.root, ".git") is not None
        # What changes from here on has times of its own, or is found to be racy.
        begun_ns = None if self.store is None else self.store.now_ns()
        found = scan(self.root, in_repository=in_repository)
        told = None if self.store is None else recall(self.store)
        if told is not None and self.shown in told.reports and told.holds_for(found, self.compiler, _today()):
            return self.again(told)
        return self.anew(found, begun_ns, told)

    def again(self, told: Told) -> int:
        """Tells what was told."""
        _write(told.reports[self.shown])
        if self.statistics:
            _count(told.files, 0, 0, 0, "hit")
        return told.code

    def anew(self, found: Scan, begun_ns: int | None, told: Told | None) -> int:
        """Judges what has to be judged, tells it and remembers it."""
        from datetime import UTC, datetime

        from remit.cli.author import report_text
        from remit.recheck import recheck

        today = datetime.now(UTC).date()
        done = recheck(found, self.store, self.compiler, begun_ns, today)
        report = report_text(done.result, self.form, colour=self.colour).encode(
            self.encoding, errors="backslashreplace"
        )
        code = 1 if done.result.has_errors else 0
        if self.store is not None and done.may_be_remembered:
            self.remember(self.store, found, done, told, report, code, today.isoformat())
        _write(report)
        if self.statistics:
            _count(*done.counters)
        return code

    def remember(
        self,
        store: Store,
        found: Scan,
        done: Rechecked,
        told: Told | None,
        report: bytes,
        code: int,
        day: str,
    ) -> None:
        key = found.key(self.compiler, done.also)
        of_day = day if done.hangs_on_day else ""
        others = told.reports if told is not None and (told.key, told.day) == (key, of_day) else {}
        tell(
            store,
            Told(
                key,
                of_day,
                code,
                done.result.files,
                tuple(done.also),
                done.racy,
                {**others, self.shown: report},
            ),
        )


def _write(report: bytes) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(report)
    sys.stdout.buffer.flush()


def _count(files: int, read: int, parsed: int, judged: int, cache: str) -> None:
    """What the check did, in one line for programs."""
    import json

    line = {"version": 1, "files": files, "read": read, "parsed": parsed, "judged": judged, "blobs_read": 0}
    print(json.dumps({**line, "cache": cache}), file=sys.stderr)


def _today() -> str:
    """The day it is, in UTC."""
    import time

    return time.strftime("%Y-%m-%d", time.gmtime())


def _home(root: str) -> str:
    """The directory of local state, as the runtime finds it: `REMIT_HOME`, else `.remit` beside `remit.yaml`."""
    moved = os.environ.get("REMIT_HOME", "")
    return os.path.realpath(moved) if moved else os.path.join(root, ".remit")  # noqa: PTH118 -- see `remit.cache.store`
