"""The files of the cache: private, authenticated before a byte of them is read as anything, and replaced whole.

A file is a digest under a key and then its content. The key is random, lies beside the files, and is taken together
with the inode and the times of the file it lies in: a cache that was copied, restored or unpacked has another key.
"""

from __future__ import annotations

import os
import stat
from hashlib import blake2b

TYPE_CHECKING = False  # what `typing` says too, at a price that a check of what did not change would notice
if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGEST = 32
_MAX_BYTES = 1 << 30
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Store:
    """The files of one repository's cache, below a directory of local state."""

    def __init__(self, home: str, root: str) -> None:
        self._home = home
        self._above = os.path.join(home, "cache")  # noqa: PTH118 -- pathlib costs what all of the rest costs
        # One home may serve many repositories.
        self._folder = os.path.join(self._above, blake2b(os.fsencode(root), digest_size=12).hexdigest())  # noqa: PTH118
        self._key: bytes | None = None

    def read(self, name: str) -> bytes | None:
        """The content of a file, None where there is none that this user wrote here."""
        key = self._own_key()
        data = None if key is None else _read(f"{self._folder}/{name}")
        if key is None or data is None:
            return None
        content = memoryview(data)[_DIGEST:]
        return bytes(content) if _digest(key, name, (content,)) == data[:_DIGEST] else None

    def write(self, name: str, parts: Iterable[bytes]) -> bool:
        """Puts a file in the place of the one before; whether it could be."""
        key = self._own_key() or self._new_key()
        if key is None:
            return False
        whole = tuple(parts)
        return _put(f"{self._folder}/{name}", (_digest(key, name, whole), *whole))

    def now_ns(self) -> int | None:
        """The time as the file system of the cache tells it, None where nothing can be written.

        Files that were changed just before it may change again without a trace in their times.
        """
        if not self._make_folders():
            return None
        name = f"{self._folder}/.{os.urandom(8).hex()}"
        try:
            with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"):  # noqa: PTH123
                return os.lstat(name).st_mtime_ns
        except OSError:
            return None
        finally:
            _remove(name)

    def forget(self) -> None:
        """Removes what is remembered of the repository, so that nobody reads it."""
        for name in ("told", "base"):
            _remove(f"{self._folder}/{name}")

    # ---- the key

    def _own_key(self) -> bytes | None:
        if self._key is None and _is_private(self._above) and _is_private(self._folder):
            self._key = _key_at(f"{self._above}/key")
        return self._key

    def _new_key(self) -> bytes | None:
        if not self._make_folders():
            return None
        path = f"{self._above}/key"
        if _key_at(path) is None:
            _put(path, (os.urandom(_DIGEST),))
        self._key = _key_at(path)
        return self._key

    def _make_folders(self) -> bool:
        try:
            _make_home(self._home)
            for folder in (self._above, self._folder):
                if not os.path.lexists(folder):
                    os.mkdir(folder, 0o700)  # noqa: PTH102
        except OSError:
            return False
        return _is_private(self._above) and _is_private(self._folder)


def _make_home(home: str) -> None:
    """Makes the directory of local state as the runtime does: for its user alone, and ignored by git."""
    if not os.path.lexists(home):
        os.makedirs(home, 0o700)  # noqa: PTH103
        _put(f"{home}/.gitignore", (b"*\n",))


def _key_at(path: str) -> bytes | None:
    """The key in a file, bound to that very file."""
    secret = _read(path)
    if secret is None or len(secret) != _DIGEST:
        return None
    facts = os.lstat(path)
    bound = f"{facts.st_dev} {facts.st_ino} {facts.st_ctime_ns} {facts.st_uid}"
    return blake2b(bound.encode(), key=secret, digest_size=_DIGEST).digest()


def _digest(key: bytes, name: str, parts: Iterable[bytes | memoryview]) -> bytes:
    made = blake2b(name.encode() + b"\0", key=key, digest_size=_DIGEST)
    for part in parts:
        made.update(part)
    return made.digest()


# ---- files


def _is_private(folder: str) -> bool:
    """Whether a folder is no link, and nobody but this user can put anything into it or read it."""
    try:
        facts = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and _is_own(facts)


def _is_own(facts: os.stat_result) -> bool:
    return facts.st_uid == os.geteuid() and not facts.st_mode & 0o077


def _read(path: str) -> bytes | None:
    """The bytes of a regular file that is this user's alone, None of any other."""
    try:
        with open(os.open(path, _READ), "rb") as file:  # noqa: PTH123
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or not _is_own(facts) or facts.st_size > _MAX_BYTES:
                return None
            return file.read()
    except OSError:
        return None


def _put(path: str, parts: Iterable[bytes]) -> bool:
    """Writes a file beside the one before and then in its place, so that a reader sees one of them whole."""
    beside = f"{path}.{os.urandom(8).hex()}"
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123
            for part in parts:
                file.write(part)
        os.replace(beside, path)  # noqa: PTH105
    except OSError:
        _remove(beside)
        return False
    return True


def _remove(path: str) -> None:
    try:
        os.unlink(path)  # noqa: PTH108
    except OSError:
        return
