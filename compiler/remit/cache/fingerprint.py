"""The fingerprint of the compiler: what must be the same for an answer of yesterday to be today's answer."""

from __future__ import annotations

import os
import sys
from hashlib import blake2b

FORMAT = "1"
"""The form of what is written; another form is another compiler."""


def fingerprint() -> bytes:
    """Sixteen bytes for this compiler: its modules and libraries as they lie on disk, Python, and what is installed.

    Files are known by their inode, size and times, as git knows them; to read them all would cost more than the check
    of a small repository.
    """
    made = blake2b(digest_size=16)
    made.update(f"{FORMAT} {sys.version} {sys.flags} {sys.executable}".encode())
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    for folder in (here, *_packages_beside()):
        for line in sorted(_files_below(folder)):
            made.update(line.encode(errors="surrogateescape"))
    for folder in sys.path:
        made.update(f"\0{folder}\0".encode(errors="surrogateescape"))
        for line in sorted(_installed_in(folder)):
            made.update(line.encode(errors="surrogateescape"))
    return made.digest()


def _packages_beside() -> list[str]:
    """The runtime's package, which judges with us; it is found without being loaded."""
    from importlib.util import find_spec

    spec = find_spec("remit_runtime")
    return [] if spec is None else list(spec.submodule_search_locations or ())


def _files_below(folder: str) -> list[str]:
    found: list[str] = []
    waiting = [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name == "__pycache__":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    facts = entry.stat()
                    found.append(
                        f"\0{entry.path} {facts.st_ino} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}"
                    )
    return found


def _installed_in(folder: str) -> list[str]:
    """The distributions in a folder of the module path; their names hold their versions."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.name.endswith((".dist-info", ".egg-info", ".pth"))]
            return [f"\0{entry.name} {entry.stat().st_ctime_ns}" for entry in found]
    except OSError:
        return []  # an archive, or a folder that is not there
