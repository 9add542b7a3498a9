"""Executables by name: found once in fixed places, never by what a bundle or a repository says."""

from __future__ import annotations

import hashlib
import os
import re
import site
import stat
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from remit_runtime.canonical import Digest, is_digest
from remit_runtime.errors import UsageError
from remit_runtime.gateway.outcome import Denial

SYSTEM_DIRECTORIES = ("/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin")
PROGRAMS = {
    "code-symbols": ("code_symbols.py",),
    "junit-read": ("failures.py", "junit"),
    "log-read": ("log_read.py",),
    "repo-map": ("repo_map.py",),
    "sarif-read": ("findings.py", "sarif"),
}
"""The runtime's own programs, which need nothing else: the file, and what always stands before the arguments."""

INSTALLED = {"bandit-scan": ("findings.py", "bandit"), "pytest-run": ("failures.py", "pytest")}
"""The runtime's own programs around a package (the word before the dash) installed beside the runtime's Python."""

RUFF, RUFF_CHECK = "ruff", "ruff-check"
CONFIGURATION = "executables.toml"

_FIELDS = {"path", "sha256", "reads"}
_NAME = re.compile(r"[a-z][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Executable:
    """A program that tools may name. `command` starts it, `file` is what is hashed, `reads` what it needs to see."""

    name: str
    command: tuple[str, ...]
    file: str
    reads: tuple[str, ...] = ()
    pin: Digest | None = None


@dataclass(frozen=True)
class Resolved:
    """An executable as it is on the disk now."""

    executable: Executable
    digest: Digest


def find(home: Path, search_path: str) -> Mapping[str, Executable]:
    """The runtime's own programs, `git`, tools installed beside its Python, and what `executables.toml` names.

    `search_path` is a PATH; only its first absolute directory that holds a trusted `git` matters, and only where
    the system directories hold none.

    Raises:
        UsageError: `executables.toml` is not of its form, or names a file that cannot be trusted.
    """
    found = {name: _own_program(name, file, *words) for name, (file, *words) in PROGRAMS.items()}
    git = find_trusted("git", (*SYSTEM_DIRECTORIES, *search_path.split(os.pathsep)))
    if git is not None:
        found["git"] = Executable("git", (git,), git, _prefix_of(git))
    found |= installed(Path(sys.prefix) / "bin", tuple(map(Path, site.getsitepackages())))
    found |= _configured(home / CONFIGURATION)
    if RUFF in found:
        found[RUFF_CHECK] = _ruff_check(found[RUFF])
    return found


def installed(programs: Path, packages: tuple[Path, ...]) -> dict[str, Executable]:
    """The tools of a Python's own environment: `ruff` in its folder of programs, bandit and pytest among its packages.

    The packages are read inside the walls; what is hashed of them is the list of their files and digests.
    """
    found: dict[str, Executable] = {}
    ruff = find_trusted(RUFF, (str(programs),))
    if ruff is not None:
        found[RUFF] = Executable(RUFF, (ruff,), ruff, (ruff,))
    places = tuple(str(place) for place in packages if place.is_dir())
    for name, (file, word) in INSTALLED.items():
        listed = _listed(name.partition("-")[0], places)
        if listed is not None:
            own = _own_program(name, file, word, *places)
            found[name] = Executable(name, own.command, listed, (*own.reads, *places))
    return found


def _listed(package: str, places: tuple[str, ...]) -> str | None:
    """The file that lists a package's files with their digests (PyPA "Recording installed projects"), if trusted."""
    for place in map(Path, places):
        if trusted_file(str(place / package / "__init__.py")) is None:
            continue
        for record in sorted(place.glob(f"{package}-*.dist-info/RECORD")):
            path = trusted_file(str(record))
            if path is not None:
                return path
    return None


def _ruff_check(ruff: Executable) -> Executable:
    """The program around ruff: what is hashed, pinned and held to be nobody else's is ruff."""
    own = _own_program(RUFF_CHECK, "findings.py", RUFF, *ruff.command)
    return Executable(RUFF_CHECK, own.command, ruff.file, (*own.reads, *ruff.reads), ruff.pin)


def resolve(executables: Mapping[str, Executable], name: str) -> Resolved | Denial:
    """The executable of a name with the digest of its file, or why it cannot be run."""
    executable = executables.get(name)
    if executable is None:
        reason = f"this runtime knows no executable `{name}`; its operator can name one in `{CONFIGURATION}`"
        return Denial("prepare", "executable_unknown", reason)
    # Our own programs lie beside this module: whoever could change them could change it.
    if name not in PROGRAMS and trusted_file(executable.file) is None:
        return Denial("prepare", "executable_untrusted", f"others may write the file of executable `{name}`")
    try:
        with Path(executable.file).open("rb") as file:
            digest = Digest("sha256:" + hashlib.file_digest(file, "sha256").hexdigest())
    except OSError:
        return Denial("prepare", "executable_untrusted", f"the file of executable `{name}` cannot be read")
    if executable.pin is not None and executable.pin != digest:
        return Denial("prepare", "executable_changed", f"executable `{name}` is not the file that was pinned")
    return Resolved(executable, digest)


def interpreter() -> Executable:
    """The Python that runs this runtime, for the programs it ships: isolated, so that nobody's modules are read."""
    file = os.path.realpath(sys.executable)
    return Executable("python", (file, "-I", "-S", "-B"), file, (file, str(Path(sys.base_prefix) / "lib")))


def program(file: str) -> str:
    """The path of a program that this runtime ships."""
    return str(Path(__file__).resolve().parent.parent / "programs" / file)


def find_trusted(name: str, directories: Iterable[str]) -> str | None:
    """The real path of a program in the first of the directories that holds one nobody else may write."""
    for directory in directories:
        if directory.startswith("/"):
            path = trusted_file(f"{directory}/{name}")
            if path is not None and os.access(path, os.X_OK):
                return path
    return None


def trusted_file(path: str) -> str | None:
    """The real path of a regular file that, like its folder, is not open for everybody to write; else None."""
    try:
        real = Path(path).resolve(strict=True)
        status, folder = real.stat(), real.parent.stat()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_mode & stat.S_IWOTH:
        return None
    # In a sticky folder (/tmp) others may add files but not replace this one.
    open_folder = folder.st_mode & stat.S_IWOTH and not folder.st_mode & stat.S_ISVTX
    return None if open_folder else str(real)


def _own_program(name: str, file: str, *words: str) -> Executable:
    python, path = interpreter(), program(file)
    return Executable(name, (*python.command, path, *words), path, (*python.reads, path))


def _prefix_of(path: str) -> tuple[str, ...]:
    """What a program outside the system directories reads of its own installation: `PREFIX` of `PREFIX/bin/name`."""
    folder = Path(path).parent
    prefix = folder.parent
    homes = {Path("/"), Path("/usr"), Path.home(), *Path.home().parents}
    return (path, str(prefix)) if folder.name == "bin" and prefix not in homes else (path,)


def _configured(path: Path) -> dict[str, Executable]:
    import tomllib

    try:
        data = cast("dict[str, object]", tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _invalid(path, "is not a TOML file that can be read") from error
    return {name: _configured_one(path, name, entry) for name, entry in data.items()}


def _configured_one(path: Path, name: str, entry: object) -> Executable:
    fields = cast("dict[str, object]", entry) if isinstance(entry, dict) else {"path": entry}
    if not _NAME.fullmatch(name) or not set(fields) <= _FIELDS:
        raise _invalid(path, f"`{name}` is not a name with a path, or with `path`, `sha256` and `reads`")
    if name in {*PROGRAMS, *INSTALLED, RUFF_CHECK}:
        raise _invalid(path, f"`{name}` is a program of the runtime and cannot be replaced")
    file, pin, reads = fields.get("path"), fields.get("sha256"), fields.get("reads", [])
    if not isinstance(file, str) or not file.startswith("/") or trusted_file(file) is None:
        raise _invalid(path, f"the path of `{name}` is not an absolute file that only its owner may write")
    if pin is not None and not (isinstance(pin, str) and is_digest(f"sha256:{pin}")):
        raise _invalid(path, f"the `sha256` of `{name}` is not 64 hexadecimal digits")
    listed: list[object] = [*cast("list[object]", reads)] if isinstance(reads, list) else [None]
    paths = tuple(one for one in listed if isinstance(one, str) and one.startswith("/"))
    if len(paths) != len(listed):
        raise _invalid(path, f"the `reads` of `{name}` are not a list of absolute paths")
    real = os.path.realpath(file)
    return Executable(name, (real,), real, (real, *paths), None if pin is None else Digest(f"sha256:{pin}"))


def _invalid(path: Path, what: str) -> UsageError:
    return UsageError("executables_invalid", f"`{path}`: {what}")
