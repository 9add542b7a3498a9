"""A real model behind a real server runs one agent to its end, and then labels fifty issues.

    nox -s live

The server is a process of its own (`serve.py`), bound to the host that the portfolio declares by `endpoints.toml`. The
first run goes through the command line: ship, run without a script, show, audit verify. The fifty that follow are
runs of the same bundle in this process. Every figure is read from the journal, and printed whether it is good or bad;
what ends the program is only a run that did not go the road: no HTTP, no usage, no cost, a chain that does not verify.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from remit_runtime.cli import bundles
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, open_runtime
from remit_runtime.journal.events import ModelIntended, ModelSettled
from remit_runtime.models.json_text import trusted_json
from remit_runtime.models.provider import ProviderModel

HERE = Path(__file__).parent
AGENT = "live.labeller"
HOST = "smollm.example"
FIRST = "The app crashes when I click on save."


@dataclass(frozen=True)
class Labelled:
    """One issue: what it is, what the model said, and what the journal holds of it. Seconds of wall time."""

    wanted: str
    said: str | None
    reason: str | None
    questions: int
    valid: int
    seconds: tuple[float, ...]
    input_tokens: int
    output_tokens: int
    microusd: int


def main() -> None:
    """Prints the first run, and the figures of the fifty."""
    with tempfile.TemporaryDirectory() as folder, serving() as address:
        root = portfolio(Path(folder))
        home = root / ".remit"
        os.environ["REMIT_HOME"] = str(home)
        remit(root, "ship")
        (home / "endpoints.toml").write_text(f'"{HOST}" = "{address}"\n')
        first(root)
        rows = [json.loads(line) for line in (HERE / "issues.jsonl").read_text().splitlines()]
        runtime = open_runtime(home, now_ms)
        try:
            report([labelled(runtime, row["text"], row["label"]) for row in rows])
        finally:
            runtime.journal.close()
        print(remit(root, "audit", "verify"), end="")


def first(root: Path) -> None:
    """One run through the command line, from words to journal.

    Raises:
        SystemExit: it did not succeed, or its journal lacks the endpoint, the tokens or the cost.
    """
    result = json.loads(remit(root, "run", AGENT, "--input", f"text={FIRST}", "--format", "json"))
    shown = remit(root, "runs", "show", result["run"])
    print(shown)
    if result["reason"] != "succeeded" or result["spent"]["microusd"] <= 0 or " tokens in, " not in shown:
        raise SystemExit(f"the run did not go the road: {result}")


def labelled(runtime: Runtime, text: str, wanted: str) -> Labelled:
    """One issue, labelled by a run of its own, as the journal holds it.

    Raises:
        SystemExit: the model was asked elsewhere than at the declared host.
    """
    bundle = bundles.opened(None, "dev")
    request = InvokeRequest(AGENT, {"text": text}, "os:bench", model=ProviderModel(now_ms))
    result = invoke(runtime, bundle, request)
    stored = runtime.journal.events(result.run)
    begun = {one.event.call: one.at_ms for one in stored if isinstance(one.event, ModelIntended)}
    if any(HOST not in (one.event.endpoint or "") for one in stored if isinstance(one.event, ModelIntended)):
        raise SystemExit("a question went elsewhere")
    settled = [(one.event, one.at_ms) for one in stored if isinstance(one.event, ModelSettled)]
    answer = None if result.output is None else trusted_json(result.output)
    label = answer.get("label") if isinstance(answer, dict) else None
    return Labelled(
        wanted,
        label if isinstance(label, str) else None,
        result.reason,
        len(settled),
        sum(event.outcome == "ok" for event, _ in settled),
        tuple((at - begun[event.call]) / 1000 for event, at in settled),
        sum(event.input_tokens or 0 for event, _ in settled),
        sum(event.output_tokens or 0 for event, _ in settled),
        result.spent.microusd,
    )


def report(rows: list[Labelled]) -> None:
    """Prints the figures of all runs."""
    seconds = sorted(second for row in rows for second in row.seconds)
    questions = sum(row.questions for row in rows)
    right = sum(row.said == row.wanted for row in rows)
    print(f"issues            {len(rows)}, {dict(sorted(Counter(row.wanted for row in rows).items()))}")
    print(f"right             {right} of {len(rows)}; always the largest class: {largest(rows)}")
    print(f"said              {dict(sorted(Counter(str(row.said) for row in rows).items()))}")
    print(f"ended             {dict(sorted(Counter(str(row.reason) for row in rows).items()))}")
    print(f"valid decisions   {sum(row.valid for row in rows)} of {questions}")
    p95 = statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    print(
        f"seconds           p50 {statistics.median(seconds):.3f}, p95 {p95:.3f}, max {seconds[-1]:.3f} a decision"
    )
    tokens = sum(row.input_tokens for row in rows), sum(row.output_tokens for row in rows)
    print(f"tokens            {tokens[0]} in, {tokens[1]} out")
    print(f"cost              {sum(row.microusd for row in rows)} micro-dollars at the invented price")
    print(f"load              {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def largest(rows: list[Labelled]) -> int:
    """How many would be right if every issue got the most frequent label."""
    return Counter(row.wanted for row in rows).most_common(1)[0][1]


@contextmanager
def serving() -> Generator[str]:
    """The address of a server that runs as long as this is held.

    Raises:
        SystemExit: it did not start.
    """
    started = [sys.executable, str(HERE / "serve.py")]
    with subprocess.Popen(
        started, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            address = server.stdout.readline().strip() if server.stdout is not None else ""
            if not address.startswith("http://127.0.0.1:"):
                raise SystemExit("the server did not start")
            yield address
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def portfolio(folder: Path) -> Path:
    """A repository of the definitions beside this file, at its first commit."""
    root = folder / "portfolio"
    shutil.copytree(HERE / "portfolio", root)
    person = ("-c", "user.name=bench", "-c", "user.email=bench@example.org")
    for words in (("init", "--quiet"), ("add", "--all"), (*person, "commit", "--quiet", "-m", "portfolio")):
        subprocess.run(("git", *words), cwd=root, check=True)
    return root


def remit(root: Path, *words: str) -> str:
    """What a command prints.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run(
        (sys.executable, "-m", "remit", *words), cwd=root, text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(
            f"`remit {' '.join(words)}` ended with {done.returncode}: {done.stdout}{done.stderr}"
        )
    return done.stdout


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    main()
