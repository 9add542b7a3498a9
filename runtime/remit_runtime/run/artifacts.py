"""The files that a run leaves behind: kept in the journal by digest, and written under the home of local state."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from remit_runtime.errors import StoreUnavailable
from remit_runtime.journal.events import ArtifactKept
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.json_text import trusted_json

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def is_plain_name(name: str) -> bool:
    """Whether a name is one file name and nothing else: no path, nothing hidden, no device."""
    return _NAME.fullmatch(name) is not None


def content_of(text: str) -> bytes:
    """The bytes of an artifact's value, a JSON text: a string is written as text, anything else as indented JSON."""
    value = trusted_json(text)
    if isinstance(value, str):
        return value.encode("utf-8")
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode("utf-8")


def kept(journal: Journal, artifacts: Sequence[tuple[str, str]]) -> tuple[ArtifactKept, ...]:
    """The artifacts of a run, with names and JSON texts, after the journal holds their contents."""
    found: list[ArtifactKept] = []
    for name, text in artifacts:
        data = content_of(text)
        found.append(ArtifactKept(name, journal.keep_blob(data), len(data)))
    return tuple(found)


def folder_of(home: Path, run: str) -> Path:
    """Where a run's artifacts are written."""
    return home / "runs" / run


def write(journal: Journal, home: Path, run: str, artifacts: Sequence[ArtifactKept]) -> None:
    """Writes the artifacts of a run that has ended; files that are there already are replaced.

    Raises:
        StoreUnavailable: a file cannot be written.
    """
    if not artifacts:
        return
    folder = folder_of(home, run)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for artifact in artifacts:
            if not is_plain_name(artifact.name):
                raise RuntimeError(f"`{artifact.name}` is no plain file name")
            half = folder / f".{artifact.name}.part"
            half.write_bytes(journal.blob(artifact.digest))
            half.replace(folder / artifact.name)
    except OSError as error:
        raise StoreUnavailable(
            "artifact_unwritable", f"`{folder}` cannot hold the run's artifacts"
        ) from error
