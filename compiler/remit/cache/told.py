"""What was told last: the reports of one state of a working tree, for a check of what did not change."""

from __future__ import annotations

from hashlib import blake2b

from remit.cache.pieces import joined, parted

TYPE_CHECKING = False  # see `store`
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from remit.cache.scan import Scan
    from remit.cache.store import Store

FILE = "told"
DIGEST_BYTES = 16
NO_DIGEST = bytes(DIGEST_BYTES)
MAX_REPORT_BYTES = 16 << 20


def digest_of(content: bytes) -> bytes:
    """The digest by which the cache knows the bytes of a file."""
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


class Told:
    """Reports, and the state they are of.

    `day` is the one for which they hold, "" where that does not matter. `also` are the files outside of the folders of
    definitions that were read. `racy` are the digests of files that may have changed without a trace since they were
    read. `reports` are the texts by form, and `code` is how the command ends.
    """

    __slots__ = ("also", "code", "day", "files", "key", "racy", "reports")

    def __init__(
        self,
        key: bytes,
        day: str,
        code: int,
        files: int,
        also: Sequence[bytes],
        racy: Mapping[bytes, bytes],
        reports: Mapping[str, bytes],
    ) -> None:
        self.key, self.day, self.code, self.files = key, day, code, files
        self.also, self.racy, self.reports = frozenset(also), dict(racy), dict(reports)

    def holds_for(self, scan: Scan, compiler: bytes, day: str) -> bool:
        """Whether nothing that the reports hang on has changed."""
        return (
            self.day in ("", day)
            and scan.key(compiler, self.also) == self.key
            and all(_is_same(scan, name, digest) for name, digest in self.racy.items())
        )


def _is_same(scan: Scan, name: bytes, digest: bytes) -> bool:
    import os

    try:
        with open(os.open(os.fsencode(scan.root) + b"/" + name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:  # noqa: PTH123
            return digest_of(file.read()) == digest
    except OSError:
        return False


def recall(store: Store) -> Told | None:
    """What was told last, None where that is not known."""
    data = store.read(FILE)
    pieces = None if data is None else parted(data, 6)
    if pieces is None:
        return None
    key, head, also, racy_names, racy_digests, reports = pieces
    day, code, files, forms = head.decode().split("\n")
    names = racy_names.split(b"\0") if racy_names else []
    digests = [racy_digests[at : at + DIGEST_BYTES] for at in range(0, len(racy_digests), DIGEST_BYTES)]
    wanted = forms.split(" ") if forms else []
    texts = parted(reports, len(wanted))
    if texts is None:
        return None
    return Told(
        key,
        day,
        int(code),
        int(files),
        also.split(b"\0") if also else (),
        dict(zip(names, digests, strict=True)),
        dict(zip(wanted, texts, strict=True)),
    )


def tell(store: Store, told: Told) -> bool:
    """Remembers what was told; whether it could."""
    reports = {form: text for form, text in told.reports.items() if len(text) <= MAX_REPORT_BYTES}
    head = f"{told.day}\n{told.code}\n{told.files}\n{' '.join(reports)}"
    return store.write(
        FILE,
        joined(
            [
                told.key,
                head.encode(),
                b"\0".join(sorted(told.also)),
                b"\0".join(told.racy),
                b"".join(told.racy.values()),
                b"".join(joined(list(reports.values()))),
            ]
        ),
    )
