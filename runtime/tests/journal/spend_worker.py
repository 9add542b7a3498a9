"""Begins tool calls on one run until its budget is refused, against others that do the same; prints how many."""

from __future__ import annotations

import sys
from pathlib import Path

from remit_runtime.canonical import digest_of
from remit_runtime.journal.events import Spend, ToolDecided, ToolIntended
from remit_runtime.journal.records import Appended, Lease, next_call
from remit_runtime.journal.sqlite import Journal

D = digest_of(b"{}")


def main(path: str, owner: str) -> int:
    journal = Journal.open(Path(path), lambda: 1_000_000)
    begun = 0
    while True:
        # No lease lasts, so that every worker fences the others all the time.
        lease = journal.claim("run_a", "one", ttl_ms=0)
        if not isinstance(lease, Lease):
            continue
        call = next_call(lease)
        decided = ToolDecided(
            call, "s", "git.log", "{}", D, None, None, (), "allow", "policy", "permitted", "", (), (), None
        )
        intended = ToolIntended(call, "s", "git.log", Spend(tool_calls=1, microusd=10), "none")
        result = journal.append(lease, [decided, intended])
        if isinstance(result, Appended):
            begun += 1
        elif result.reason == "over_budget":
            return begun


if __name__ == "__main__":
    sys.stdout.write(str(main(sys.argv[1], sys.argv[2])))
