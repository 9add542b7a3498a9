"""The walls around a process: bubblewrap where it works, else Landlock, else none and then only for harmless reads."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from remit_runtime.bundle.tool import ProcessIR
from remit_runtime.bundle.words import Effect
from remit_runtime.gateway.executables import find_trusted, interpreter, program

Layer = Literal["bubblewrap", "landlock", "unsandboxed"]
LAYERS: tuple[Layer, ...] = ("bubblewrap", "landlock", "unsandboxed")

SYSTEM_READS = (
    *(f"/usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share")),
    *(f"/usr/local/{name}" for name in ("bin", "lib", "lib64", "libexec", "share")),
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store", "/etc/ld.so.cache"),
)
"""What programs are made of. Not /etc, /home, /root, /var, /usr/src: nothing of the machine's or its people's own."""

INSIDE = "/workspace"
"""Where bubblewrap shows the checkout, so that no path of this machine gets into an output."""

PROBE_SECONDS = 10
SCRATCH_BYTES = 256 * 2**20

_UNSHARE = ("--unshare-all", "--unshare-user", "--disable-userns")
_UNSHARE_OLD = ("--unshare-all",)  # before bubblewrap 0.8 nested user namespaces cannot be refused
_WALLS = ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534")


@dataclass(frozen=True)
class Sandbox:
    """The layers that work on this machine, best first, and how bubblewrap is started."""

    layers: tuple[Layer, ...]
    bubblewrap: tuple[str, ...] = ()


@dataclass(frozen=True)
class Enclosure:
    """What a process may see: its own files, the checkout, and whether it may write there."""

    command: tuple[str, ...]
    reads: tuple[str, ...]
    checkout: Path | None
    writable: bool
    limits: Mapping[str, int]


@dataclass(frozen=True)
class Enclosed:
    """A command that puts up its own walls, and the folder to start it in."""

    command: tuple[str, ...]
    folder: str


def probe(allowed: Sequence[Layer] = LAYERS) -> Sandbox:
    """What works here of the allowed layers: each is tried, since bubblewrap may be installed and yet forbidden."""
    bubblewrap = _working_bubblewrap() if "bubblewrap" in allowed else ()
    works = {"bubblewrap": bool(bubblewrap), "landlock": landlock_abi() > 0, "unsandboxed": True}
    return Sandbox(tuple(layer for layer in LAYERS if layer in allowed and works[layer]), bubblewrap)


def landlock_abi() -> int:
    """The version of the kernel's Landlock, 0 where it has none (linux/landlock.h, LANDLOCK_CREATE_RULESET_VERSION)."""
    if sys.platform != "linux":
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, int(libc.syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def layer_for(sandbox: Sandbox, process: ProcessIR, effect: Effect, environment: str) -> Layer | None:
    """The best layer that may hold this tool, or None: without walls only harmless reads run, and only in `dev`."""
    for layer in sandbox.layers:
        if layer != "unsandboxed":
            return layer
        if effect == "read" and not process.executes_repository and environment == "dev":
            return layer
    return None


def enclosed(sandbox: Sandbox, layer: Layer, enclosure: Enclosure) -> Enclosed:
    """The command line that starts the enclosure's command inside the walls of a layer."""
    launcher = (*interpreter().command, program("confine.py"))
    limits = ",".join(f"{name}={value}" for name, value in sorted(enclosure.limits.items()))
    folder = str(enclosure.checkout or "/")
    match layer:
        case "bubblewrap":
            walls = _bubblewrap_walls(sandbox.bubblewrap, enclosure)
            return Enclosed((*launcher, "become", limits, "--", *walls, *enclosure.command), "/")
        case "landlock":
            rules = ("landlock", *(f"read:{path}" for path in _existing((*SYSTEM_READS, *enclosure.reads))))
            if enclosure.checkout is not None:
                rules = (*rules, f"{'write' if enclosure.writable else 'read'}:{enclosure.checkout}")
            return Enclosed((*launcher, "guard", limits, *rules, "--", *enclosure.command), folder)
        case "unsandboxed":
            return Enclosed((*launcher, "guard", limits, "--", *enclosure.command), folder)


def _working_bubblewrap() -> tuple[str, ...]:
    path = find_trusted("bwrap", ("/usr/bin", "/bin", "/usr/local/bin"))
    if path is None:
        return ()
    python = interpreter()
    enclosure = Enclosure((*python.command, "-c", ""), python.reads, None, writable=False, limits={})
    for unshare in (_UNSHARE, _UNSHARE_OLD):
        command = (path, *unshare, *_WALLS)
        try:
            tried = subprocess.run(
                [*_bubblewrap_walls(command, enclosure), *enclosure.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                timeout=PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ()
        if tried.returncode == 0:
            return command
    return ()


def _bubblewrap_walls(command: tuple[str, ...], enclosure: Enclosure) -> tuple[str, ...]:
    binds: list[str] = []
    if enclosure.writable:
        binds += ["--perms", "1777", "--size", str(SCRATCH_BYTES), "--tmpfs", "/tmp"]  # noqa: S108 -- inside the walls
    for path in _existing((*SYSTEM_READS, *enclosure.reads)):
        if Path(path).is_symlink():  # /lib -> usr/lib, where the two trees are one
            binds += ["--symlink", str(Path(path).readlink()), path]
        else:
            binds += ["--ro-bind", path, path]
    where = "/"
    if enclosure.checkout is not None:
        binds += ["--bind" if enclosure.writable else "--ro-bind", str(enclosure.checkout), INSIDE]
        where = INSIDE
    # The root of the sandbox is a tmpfs: without the remount anybody could write to it.
    return (*command, "--proc", "/proc", "--dev", "/dev", *binds, "--remount-ro", "/", "--chdir", where, "--")


def _existing(paths: Sequence[str]) -> list[str]:
    return [path for path in dict.fromkeys(paths) if os.path.lexists(path)]
