"""The tables of a whole run, and which of the bars hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from edits import EDITS
from measure import Rounds, mebibytes, more, ratio, seconds
from others import CFN_LINT, DBT_CHANGED, DBT_COLD, DBT_UNCHANGED, JSONSCHEMA, YAMLLINT
from ours import COLD, LIBYAML, START, STATUS, UNCHANGED, counted

PEERS = "peers"
LARGEST = "10000"
"""The size that the bars of repeated checks are about."""
TYPICAL = "an agent changed"


class Seen(NamedTuple):
    """The rounds of every repository and of the peers by name; the size that peers are compared at; the smallest."""

    rounds: dict[str, Rounds]
    compared: str
    smallest: str


class Bar(NamedTuple):
    """What is wanted of a figure: at most this much."""

    what: str
    most: float
    seen: float
    unit: str


def report(seen: Seen) -> str:
    """All tables as Markdown."""
    parts = [_own(seen), _edited(seen)]
    if PEERS in seen.rounds:
        parts.append(_peers(seen))
    return "\n\n".join([*parts, _bars(seen)])


def _rows(head: str, rows: Iterator[str]) -> str:
    columns = head.count("|") - 1
    return "\n".join([head, "|---|" + "---:|" * (columns - 1), *rows])


def _title(name: str) -> str:
    return f"{int(name):,} agents" if name.isdigit() else name


def _own(seen: Seen) -> str:
    def rows() -> Iterator[str]:
        for name, rounds in seen.rounds.items():
            if name != PEERS:
                cold, libyaml, start = (seconds(rounds, one) for one in (COLD, LIBYAML, START))
                yield (
                    f"| {_title(name)} | {cold:.2f} | {seconds(rounds, UNCHANGED):.2f} | "
                    f"{seconds(rounds, STATUS):.2f} | {libyaml:.2f} | {start:.2f} | "
                    f"{(cold - start) / max(libyaml - start, 0.001):.1f} | "
                    f"{mebibytes(rounds, [COLD]):.0f} | {mebibytes(rounds, [UNCHANGED]):.0f} |"
                )

    return _rows(
        "| CPU s | cold | no change | `git status` | libyaml | Python | cold / libyaml | MiB cold | MiB no change |",
        rows(),
    )


def _edited(seen: Seen) -> str:
    sizes = [name for name in seen.rounds if name not in (PEERS, seen.smallest)]
    if not sizes:
        return ""

    def rows() -> Iterator[str]:
        for run in (COLD, UNCHANGED, *EDITS):
            cells = [f"{seconds(seen.rounds[size], run):.2f}" for size in sizes]
            did = counted(seen.rounds[sizes[-1]][-1][run])
            yield f"| {run} | {' | '.join(cells)} | {did.read:,} | {did.parsed:,} | {did.judged:,} |"

    columns = f"{' | '.join(map(_title, sizes))} | of {_title(sizes[-1])}: files read | parsed | judged"
    return _rows(f"| CPU s | {columns} |", rows())


def _peers(seen: Seen) -> str:
    own, others = seen.rounds[seen.compared], seen.rounds[PEERS]
    both: Rounds = [{**one, **other} for one, other in zip(own, others, strict=True)]
    size = int(seen.compared)
    work = {
        COLD: f"remit check: {size:,} agents with all that belongs to them",
        UNCHANGED: "remit check: the same, nothing changed",
        TYPICAL: "remit check: the same, an agent changed",
        DBT_COLD: f"dbt parse: {size:,} models with a file of documentation and tests each",
        DBT_UNCHANGED: "dbt parse: the same, nothing changed",
        DBT_CHANGED: "dbt parse: the same, one file of documentation changed",
        JSONSCHEMA: f"check-jsonschema: the {size:,} agent.yaml alone, by the schema of `remit schema`",
        CFN_LINT: f"cfn-lint: {size // 10:,} templates of eight resources",
        YAMLLINT: "yamllint: every YAML file, half of its rules",
    }

    def rows() -> Iterator[str]:
        for name, what in work.items():
            times = "" if name in own[0] else f"{ratio(both, name, COLD):.1f}"
            yield f"| {what} | {seconds(both, name):.2f} | {times} | {mebibytes(both, [name]):.0f} |"

    return _rows("| work | CPU s | times our cold check | peak MiB |", rows())


def _bars(seen: Seen) -> str:
    def rows() -> Iterator[str]:
        for bar in _measured(seen):
            verdict = "holds" if bar.seen <= bar.most else "**no**"
            yield f"| {bar.what} | {bar.most:.2f} {bar.unit} | {bar.seen:.2f} {bar.unit} | {verdict} |"

    return _rows("| bar | at most | seen | |", rows())


def _measured(seen: Seen) -> Iterator[Bar]:
    rounds = seen.rounds
    if PEERS in rounds:
        both: Rounds = [
            {**one, **other} for one, other in zip(rounds[seen.compared], rounds[PEERS], strict=True)
        ]
        size = _title(seen.compared)
        yield Bar(f"{size}, cold, of dbt's cold parse", 0.10, ratio(both, COLD, DBT_COLD), "x")
        yield Bar(f"{size}, cold, of check-jsonschema", 1.0, ratio(both, COLD, JSONSCHEMA), "x")
    if LARGEST in rounds:
        large, size = rounds[LARGEST], _title(LARGEST)
        yield Bar(f"{size}, no change, of `git status`", 3.0, ratio(large, UNCHANGED, STATUS), "x")
        yield Bar(f"{size}, one agent changed, above no change", 0.25, more(large, TYPICAL, UNCHANGED), "s")
        yield Bar(f"{size}, peak of a cold check", 200.0, mebibytes(large, [COLD]), "MiB")
        yield Bar(f"{size}, peak of others", 200.0, mebibytes(large, [UNCHANGED, *EDITS]), "MiB")
    small = rounds[seen.smallest]
    yield Bar("ten files, cold", 0.35, seconds(small, COLD), "s")
    yield Bar("ten files, no change", 0.08, seconds(small, UNCHANGED), "s")
