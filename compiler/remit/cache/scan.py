"""A scan: which files there are and how they lie on disk, without reading one of them.

What has the same inode, size and times as when it was read has the same bytes, unless it was changed so shortly before
it was read that its times could not show a change after: such files are racy, and are read again.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from stat import S_ISDIR
from struct import Struct

from remit.git.listing import names_on_disk

TYPE_CHECKING = False  # see `store`
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_ROW = Struct("<5q")
ROW_BYTES = _ROW.size
_BEHIND_A_LINK = _ROW.pack(0, -1, 0, 0, 0)
_FOLDERS = (b"agents/", b"evals/", b"policies/", b"releases/", b"tools/")
_ROOT = b"remit.yaml"
RACY_NS = 2_000_000_000
"""The coarsest times that file systems keep."""


class Scan:
    """The files of a working tree: their names, sorted, and a row of facts for each."""

    def __init__(self, root: str, in_repository: bool, names: Sequence[bytes], rows: Sequence[bytes]) -> None:
        self.root, self.in_repository, self.names, self.rows = root, in_repository, names, rows

    def key(self, compiler: bytes, also: Collection[bytes] = ()) -> bytes:
        """A digest of everything a check can hang on: the compiler, the names, and how the files lie that it reads.

        These are those in the folders of definitions, and `also`.
        """
        made = blake2b(compiler, digest_size=32)
        made.update(b"\0".join(self.names))
        made.update(b"\0\0")
        if also:
            read = [
                row for name, row in zip(self.names, self.rows, strict=True) if is_read(name) or name in also
            ]
        else:
            read = [row for name, row in zip(self.names, self.rows, strict=True) if is_read(name)]
        made.update(b"".join(read))
        return made.digest()

    def racy(self, now_ns: int) -> list[int]:
        """The indices of the files whose times could not show that they change right now."""
        since = now_ns - RACY_NS
        return [index for index, row in enumerate(self.rows) if max(_ROW.unpack(row)[2:4]) >= since]


def is_read(name: bytes) -> bool:
    """Whether the file of a name may be read without being looked up: definitions, and what they are made of."""
    return name.startswith(_FOLDERS) or name == _ROOT


def scan(root: str, *, in_repository: bool) -> Scan:
    """How the files below `root` lie on disk now.

    Raises:
        GitFailed: git does not read the repository.
    """
    above = os.fsencode(root) + b"/"
    lstat, pack = os.lstat, _ROW.pack
    names: list[bytes] = []
    rows: list[bytes] = []
    folder, is_real = None, True
    real: dict[bytes, bool] = {b"": True}
    for name in sorted(names_on_disk(root, in_repository=in_repository)):
        try:
            facts = lstat(above + name)
        except OSError:
            continue  # it is in the index and gone from the disk
        inside = name.rpartition(b"/")[0]
        if inside != folder:
            folder, is_real = inside, _is_real(above, inside, real)
        names.append(name)
        rows.append(
            pack(
                facts.st_mode, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino & (2**63 - 1)
            )
            if is_real
            else _BEHIND_A_LINK
        )
    return Scan(root, in_repository, names, rows)


def _is_real(above: bytes, folder: bytes, known: dict[bytes, bool]) -> bool:
    """Whether no part of a path to a folder is a link."""
    found = known.get(folder)
    if found is None:
        parent = folder.rpartition(b"/")[0]
        found = _is_real(above, parent, known) and S_ISDIR(os.lstat(above + folder).st_mode)
        known[folder] = found
    return found
