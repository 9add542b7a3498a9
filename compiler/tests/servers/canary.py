"""A secret that sings where it is found: every place of a home in which any form of it stands."""

from __future__ import annotations

import base64
import sqlite3
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

CANARY = "ghs_C4naryC4naryC4naryC4naryC4naryC4n+/="
CHECKOUTS = "work"
"""What a run works on is what somebody committed: a secret that stands there was out before."""


def forms(secret: str = CANARY) -> tuple[bytes, ...]:
    """The secret as it may come out; written apart from what the product knows of it."""
    data = secret.encode()
    packed = [base64.b64encode(b"x" * shift + data)[4:-4] for shift in range(3)]
    quoted = urllib.parse.quote(secret, safe="").encode()
    turned = [each.replace(b"+", b"-").replace(b"/", b"_") for each in packed]
    return (data, quoted, data.hex().encode(), data.hex().upper().encode(), *packed, *turned)


def sings(text: bytes | str, secret: str = CANARY) -> bool:
    """Whether any form of the secret stands in a text."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return any(form in data for form in forms(secret))


def found(home: Path, secret: str = CANARY, but: Iterable[str] = ()) -> list[str]:
    """The places below a home where the secret stands: bytes of files (a journal's WAL too) and rows of journals.

    `but` are paths below the home that hold it by right, such as the file of the credential itself.
    """
    places = [
        str(path.relative_to(home)) for path in _files(home, set(but)) if sings(path.read_bytes(), secret)
    ]
    for journal in sorted(home.glob("*.sqlite")):
        places += [f"{journal.name}: {row}" for row in _rows(journal, secret)]
    return places


def _files(home: Path, but: set[str]) -> Iterator[Path]:
    for path in sorted(home.rglob("*")):
        inside = path.relative_to(home)
        if path.is_file() and inside.parts[0] != CHECKOUTS and str(inside) not in but:
            yield path


def _rows(journal: Path, secret: str) -> Iterator[str]:
    """A value that is longer than a page stands in pieces in the file, and whole in its row."""
    database = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for number, row in enumerate(database.execute(f'SELECT * FROM "{table}"')):
                if any(isinstance(value, str | bytes) and sings(value, secret) for value in row):
                    yield f"{table} row {number}"
    finally:
        database.close()
