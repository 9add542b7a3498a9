"""Limit this process, then become another program, or guard it until its whole tree is gone.

    confine.py become LIMITS -- PROGRAM ARGUMENT...
    confine.py guard LIMITS RULE... -- PROGRAM ARGUMENT...

LIMITS is `name=number` joined by commas, names as in `resource.RLIMIT_*`. `become` is for a program that brings its
own walls (bubblewrap). `guard` keeps a parent: orphans come back to it, and when the program ends, or SIGTERM comes,
or our own parent dies, it kills every process that is left below it. A RULE is `landlock`, `read:PATH` or
`write:PATH`; with `landlock` the program sees only the paths that rules name, and no TCP from ABI 4 on.

Exit codes: the program's own; 128 + the number of the signal that ended it; 125 when the walls cannot be put up, and
then the program has not run.
"""

# It starts before every call of a process tool, and importing pathlib would double its start.
# ruff: noqa: PTH110, PTH112, PTH123, PTH208

from __future__ import annotations

import os
import resource
import signal
import sys
import time

WALLS_FAILED = 125

# linux/landlock.h; the numbers of the system calls are the same on every architecture Linux has had since 5.13.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEVICE = 1 << 14, 1 << 15
FIRST_ABI_RIGHTS = (1 << 13) - 1
FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
READ_RIGHTS = EXECUTE | READ_FILE | READ_DIR
TCP_RIGHTS = 0b11
SCOPES = 0b11

# linux/prctl.h
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full")


def main(arguments: list[str]) -> int:
    """The exit code; see the top of the file."""
    sys.excepthook = refuse
    split = arguments.index("--")
    mode, limits, *rules = arguments[:split]
    command = arguments[split + 1 :]
    if mode == "become":
        limit(limits)
        os.execv(command[0], command)  # noqa: S606 -- no shell is the point
    return guard(command, limits, rules)


def refuse(_kind: type[BaseException], error: BaseException, _trace: object) -> None:
    """Whatever goes wrong before the program runs has one exit code, which no tool's own exit can be taken for."""
    os.write(2, f"confine: {type(error).__name__}: {error}\n".encode())
    os._exit(WALLS_FAILED)


def limit(limits: str) -> None:
    """Lower the resource limits of this process; a limit that is already lower stays."""
    for name, _, number in (item.partition("=") for item in limits.split(",") if item):
        kind: int = getattr(resource, "RLIMIT_" + name.upper())
        hard = resource.getrlimit(kind)[1]
        wanted = int(number) if hard == resource.RLIM_INFINITY else min(int(number), hard)
        resource.setrlimit(kind, (wanted, wanted))


def guard(command: list[str], limits: str, rules: list[str]) -> int:
    """Run the program below this process and leave nothing of its tree behind."""
    linux = sys.platform == "linux"
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    parent = os.getppid()
    if linux:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return WALLS_FAILED  # the parent died before we asked to be told
    child = 0
    try:
        child = os.fork()
        if child == 0:
            become(command, limits, rules)
        let_go_of_pipes()
        return wait_for(child)
    finally:
        clear(child)


def let_go_of_pipes() -> None:
    """Put the null device in place of our own pipes: their reader must see them end with the program's tree."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def become(command: list[str], limits: str, rules: list[str]) -> None:
    """In the child: put up the walls and be the program; never returns."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        if sys.platform == "linux":
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            prctl(PR_SET_NO_NEW_PRIVS, 1)
        if "landlock" in rules:
            restrict([rule for rule in rules if rule != "landlock"])
        limit(limits)
        os.execv(command[0], command)  # noqa: S606 -- no shell is the point
    except OSError as error:
        os.write(2, f"confine: {error.strerror}\n".encode())
    finally:
        os._exit(WALLS_FAILED)


def wait_for(child: int) -> int:
    """The exit code of the child, while orphans that end are reaped."""
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def clear(child: int) -> None:
    """Kill what is left below this process, again and again until nothing is: a fork may race one round."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        for process in descendants(os.getpid()) if sys.platform == "linux" else [child] * (child > 0):
            for kill in (os.killpg, os.kill):
                try:
                    kill(process, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue  # it is gone, or leads no group
        try:
            while os.waitpid(-1, os.WNOHANG)[0] > 0:
                continue
        except ChildProcessError:
            return
        time.sleep(0.002)


def descendants(root: int) -> list[int]:
    """Every living process below `root`, from /proc; none where there is no /proc."""
    parents: dict[int, int] = {}
    try:
        names = os.listdir("/proc")
    except OSError:
        return []
    for name in names:
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # The command name is in parentheses and may hold anything: read after the last one.
                parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it ended while we looked
    found: list[int] = []
    below = {root}
    while below:
        below = {process for process, parent in parents.items() if parent in below}
        found.extend(sorted(below))
    return found


def prctl(option: int, value: int) -> None:
    """One setting of this process.

    Raises:
        OSError: the kernel refuses.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses a process setting")


def restrict(rules: list[str]) -> None:
    """Give up every file and TCP right that the rules do not name, for this process and all it will start.

    Raises:
        OSError: this kernel has no Landlock, or a path cannot be opened.
    """
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        raise OSError(ctypes.get_errno(), "this kernel has no Landlock")
    handled = FIRST_ABI_RIGHTS
    handled |= (1 << 13) if version >= 2 else 0  # refer
    handled |= TRUNCATE if version >= 3 else 0
    handled |= IOCTL_DEVICE if version >= 5 else 0
    fields = [handled, TCP_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0]
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = (ctypes.c_uint64 * 3)(*fields)
    ruleset = libc.syscall(
        CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses a Landlock ruleset")
    for rule in [*rules, *(f"device:{path}" for path in DEVICES if os.path.exists(path))]:
        kind, _, path = rule.partition(":")
        add_rule(
            libc,
            ruleset,
            path,
            {"read": READ_RIGHTS, "write": handled}.get(kind, READ_FILE | WRITE_FILE),
            handled,
        )
    if libc.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses to restrict this process")
    os.close(ruleset)


def add_rule(libc: object, ruleset: int, path: str, rights: int, handled: int) -> None:
    """Allow the rights beneath one path; on a file only those that files have.

    Raises:
        OSError: the path cannot be opened, or the kernel refuses.
    """
    import ctypes

    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= FILE_RIGHTS
        # struct landlock_path_beneath_attr is packed: 8 bytes of rights, 4 of descriptor.
        attributes = (rights & handled).to_bytes(8, sys.byteorder) + descriptor.to_bytes(4, sys.byteorder)
        syscall = libc.syscall  # type: ignore[attr-defined]
        if syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(1), attributes, ctypes.c_uint32(0)) != 0:
            raise OSError(ctypes.get_errno(), "the kernel refuses a Landlock rule")
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
