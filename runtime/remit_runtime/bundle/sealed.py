"""Private copies of files: what was read is what stays, whatever happens to the file afterwards."""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from remit_runtime.canonical import Digest
from remit_runtime.errors import BundleRejected

_CHUNK = 2**20


@dataclass(frozen=True)
class SealedBytes:
    """Bytes of this process alone and the digest of exactly these bytes.

    `by_kernel` is true where they lie in a sealed memfd: the kernel then refuses every later write, ours included.
    """

    view: memoryview
    digest: Digest
    by_kernel: bool


def sealed_copy(path: Path, limit: int) -> SealedBytes:
    """A private copy of a regular file of at most `limit` bytes, taken in one pass.

    The last component may not be a symbolic link, and a device or a pipe is refused before it is read. The digest is
    of what was copied, so a file that changes meanwhile is seen whole and wrong, never half and right.

    Raises:
        BundleRejected: `file_unreadable`, `not_a_regular_file` or `too_large`.
    """
    chunks = file_chunks(path, limit)
    if not hasattr(os, "memfd_create"):
        return _private_bytes(chunks)
    try:
        memory = os.memfd_create("remit-bundle", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:  # a kernel or a filter without it: private bytes serve, sealed by nobody
        return _private_bytes(chunks)
    try:
        return _kernel_sealed(chunks, memory)
    finally:
        os.close(memory)


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes, under the rules of `sealed_copy`.

    Raises:
        BundleRejected: `file_unreadable`, `not_a_regular_file` or `too_large`.
    """
    return b"".join(file_chunks(path, limit))


def file_chunks(path: Path, limit: int) -> Iterator[bytes]:
    """The bytes of a regular file, piece by piece, never more than `limit` of them."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        # O_NONBLOCK: a pipe must be refused, not waited for.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise BundleRejected("file_unreadable", f"`{name}` cannot be opened as a file of its own") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise BundleRejected("not_a_regular_file", f"`{name}` is not a regular file")
        left = limit
        if status.st_size > left:  # before reading: a sparse file of a terabyte costs nothing to refuse
            raise BundleRejected("too_large", f"`{name}` is larger than {limit} bytes")
        while chunk := os.read(handle, _CHUNK):
            left -= len(chunk)
            if left < 0:
                raise BundleRejected("too_large", f"`{name}` is larger than {limit} bytes")
            yield chunk
    except OSError as error:
        raise BundleRejected("file_unreadable", f"`{name}` cannot be read") from error
    finally:
        os.close(handle)


def _private_bytes(chunks: Iterator[bytes]) -> SealedBytes:
    data = b"".join(chunks)
    return SealedBytes(
        memoryview(data), Digest("sha256:" + hashlib.sha256(data).hexdigest()), by_kernel=False
    )


def _kernel_sealed(chunks: Iterator[bytes], memory: int) -> SealedBytes:
    running = hashlib.sha256()
    length = 0
    for chunk in chunks:
        running.update(chunk)
        length += len(chunk)
        _write_all(memory, chunk)
    digest = Digest("sha256:" + running.hexdigest())
    fcntl.fcntl(
        memory,
        fcntl.F_ADD_SEALS,
        fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL,
    )
    if length == 0:  # nothing to map
        return SealedBytes(memoryview(b""), digest, by_kernel=False)
    # The map keeps the memory alive after its descriptor is closed.
    return SealedBytes(memoryview(mmap.mmap(memory, length, prot=mmap.PROT_READ)), digest, by_kernel=True)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
