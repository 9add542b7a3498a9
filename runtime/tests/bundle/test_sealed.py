"""Private copies: nothing that happens to the file, or in this process, changes what was read."""

from __future__ import annotations

import mmap
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from remit_runtime.bundle.sealed import read_file, sealed_copy
from remit_runtime.canonical import digest_of
from remit_runtime.errors import BundleRejected

_CONTENT = bytes(range(256)) * 5000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(_CONTENT)
    return path


def _refusal(path: Path, limit: int = 2**21) -> str:
    with pytest.raises(BundleRejected) as refused:
        sealed_copy(path, limit)
    return refused.value.code


def test_a_copy_holds_the_bytes_of_the_file_and_their_digest(file: Path) -> None:
    copy = sealed_copy(file, 2**21)

    assert bytes(copy.view) == _CONTENT
    assert copy.digest == digest_of(_CONTENT)
    assert read_file(file, 2**21) == _CONTENT


def test_a_file_rewritten_after_opening_serves_its_old_content(file: Path) -> None:
    copy = sealed_copy(file, 2**21)

    with file.open("r+b") as out:
        out.write(b"EVIL" * 1000)
    file.unlink()

    assert bytes(copy.view) == _CONTENT


def test_an_empty_file_is_an_empty_copy(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    assert bytes(sealed_copy(tmp_path / "empty", 10).view) == b""


def test_a_file_of_exactly_the_limit_is_copied_and_one_byte_more_is_not(file: Path) -> None:
    assert len(sealed_copy(file, len(_CONTENT)).view) == len(_CONTENT)
    assert _refusal(file, len(_CONTENT) - 1) == "too_large"


def test_a_sparse_file_of_a_terabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as out:
        out.truncate(1 << 40)

    assert _refusal(path) == "too_large"


def test_a_file_that_is_longer_than_it_says_is_refused() -> None:
    # The system says 0 bytes for these, as for a file that grows while it is read.
    assert _refusal(Path("/proc/self/status"), 10) == "too_large"


def test_without_sealed_memory_the_copy_is_private_bytes(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "memfd_create", refused, raising=False)
    filtered = sealed_copy(file, 2**21)
    monkeypatch.delattr(os, "memfd_create")
    absent = sealed_copy(file, 2**21)

    file.write_bytes(b"EVIL")
    for copy in (filtered, absent):
        assert bytes(copy.view) == _CONTENT
        assert copy.digest == digest_of(_CONTENT)
        assert copy.view.readonly
        assert not copy.by_kernel


def test_a_symbolic_link_is_refused(tmp_path: Path, file: Path) -> None:
    (tmp_path / "link").symlink_to(file)

    assert _refusal(tmp_path / "link") == "file_unreadable"


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert _refusal(tmp_path / "pipe") == "not_a_regular_file"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        assert _refusal(tmp_path / "socket") == "file_unreadable"
    assert _refusal(tmp_path) == "not_a_regular_file"
    assert _refusal(Path("/dev/zero")) == "not_a_regular_file"
    assert _refusal(tmp_path / "absent") == "file_unreadable"
    assert _refusal(tmp_path / "nul\0inside") == "file_unreadable"


def test_a_copy_cannot_be_written_through_its_view(file: Path) -> None:
    view = sealed_copy(file, 2**21).view

    with pytest.raises(TypeError):
        view[0] = 1


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the system has no sealed memory")
def test_the_kernel_kills_a_write_into_a_sealed_copy(file: Path) -> None:
    # A copy of the product's own making, and the strongest write a process can try: a raw one into its memory.
    code = (
        "import ctypes, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "from pathlib import Path\n"
        "from remit_runtime.bundle.sealed import sealed_copy\n"
        "copy = sealed_copy(Path(sys.argv[1]), 2**21)\n"
        "assert copy.by_kernel\n"
        "class View(ctypes.Structure):\n"
        "    _fields_ = [('buffer', ctypes.c_void_p), ('rest', ctypes.c_char * 200)]\n"
        "view = View()\n"
        "ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(copy.view), ctypes.byref(view), 0)\n"
        "assert ctypes.string_at(view.buffer, 4) == bytes(copy.view[:4])\n"
        "protected = ctypes.CDLL(None).mprotect(ctypes.c_void_p(view.buffer), 4096, 3)\n"
        "assert protected == -1, 'the memory became writable'\n"
        "ctypes.memmove(view.buffer, b'EVIL', 4)\n"
        "print('written')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == -11, done.stderr
    assert "written" not in done.stdout


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the system has no sealed memory")
def test_a_sealed_copy_cannot_be_mapped_for_writing_or_resized(file: Path) -> None:
    held = sealed_copy(file, 2**21).view.obj
    assert isinstance(held, mmap.mmap)

    with pytest.raises((TypeError, OSError, SystemError)):
        held.resize(1)
    with pytest.raises(TypeError):
        held[0] = 1
