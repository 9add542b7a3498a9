"""Files that definitions name: found within the repository, read once, as text or as JSON."""

from collections.abc import Callable
from typing import Any, TypeAlias

from remit.definitions import DataClass
from remit.diagnostic import Fault, nearest, only_slip
from remit.link.json_text import NotJson
from remit.link.paths import PathRefused, resolve
from remit.link.portfolio import Portfolio
from remit.link.secrets import LITERAL, secret_faults, secret_forms
from remit.link.work import Work, span_of
from remit.parse import LIBRARY_PREFIX
from remit.read import MAX_BYTES, Path, nothing_read
from remit.read.text import ReadText
from remit.redact import SecretForm
from remit.source import Position, Span

Place: TypeAlias = Callable[[], Span]
"""Where a file is named; found only when something is wrong with it."""

MAX_CASES_BYTES = 64 << 20
"""The cases of a suite are data, and there may be many."""


def named_path(work: Work, base: str, span: Place, written: str) -> str | None:
    """The path from the root of what is written in the definition at `base`, or None and a fault."""
    resolved = resolve(base, written)
    if not isinstance(resolved, PathRefused):
        return resolved
    work.faults.append(Fault("path-leaves-repository", span(), written, (resolved.reason,)))
    return None


def named_bytes(
    work: Work, base: str, span: Place, written: str, limit: int = MAX_BYTES, secret: str = LITERAL
) -> tuple[str, bytes] | None:
    """The path and the bytes of a file that a definition names, or None and a fault.

    `secret` is the kind of fault that a secret in the file is.
    """
    path = named_path(work, base, span, written)
    if path is None:
        return None
    content = _content(work, base, path, limit)
    if isinstance(content, bytes):
        link_secrets(work, base, path, content, secret)
        return path, content
    work.faults.append(_named_fault(work, base, span(), written, path, content))
    return None


def named_folder(work: Work, base: str, span: Place, written: str) -> None:
    """Looks for a folder that a definition names, and records a fault if there is none."""
    path = named_path(work, base, span, written)
    if path is None:
        return
    if work.portfolio.names_in(base, path):
        return
    content = _content(work, base, path, 0)
    if isinstance(content, bytes) or content.kind == "too-large":
        fault = Fault("missing-file", span(), path, ("it is a file, and a folder is wanted",))
    else:
        fault = _named_fault(work, base, span(), written, path, content)
    work.faults.append(fault)


def named_text(
    work: Work, base: str, at: Path, written: str, secret: str = LITERAL
) -> tuple[str, str] | None:
    """The path and the text of a file that a definition names, or None and a fault."""
    return named_text_at(work, base, lambda: span_of(work, base, at), written, secret)


def named_text_at(
    work: Work, base: str, span: Place, written: str, secret: str = LITERAL
) -> tuple[str, str] | None:
    """The path and the text of a file that is named at a place, or None and a fault there."""
    named = named_bytes(work, base, span, written, secret=secret)
    if named is None:
        return None
    path, _ = named
    read = work.portfolio.read_text(base, path)
    if isinstance(read, ReadText) and not read.faults:
        return path, read.content.decode()
    faults = (read,) if isinstance(read, Fault) else read.faults
    work.unreadable[path] = nothing_read(path, faults[0])._replace(faults=faults)
    return None


def named_json(work: Work, base: str, at: Path, written: str) -> tuple[str, Any] | None:
    """The path and the value of a JSON file that a definition names, or None and a fault."""
    named = named_text(work, base, at, written)
    if named is None:
        return None
    path, _ = named
    value = work.portfolio.read_json(base, path)
    if not isinstance(value, NotJson):
        return path, value
    place = Position(value.line, value.column)
    span = Span(path, place, Position(place.line, place.column + 1))
    work.faults.append(Fault("invalid-json-schema", span, value.reason))
    return None


def named_source(work: Work, base: str, path: str) -> bytes:
    """The bytes of a JSON file that was read, for the places in it."""
    read = work.portfolio.read_text(base, path)
    return read.content if isinstance(read, ReadText) else b""


def link_secrets(work: Work, base: str, path: str, content: bytes, kind: str) -> None:
    """Records the secrets in a file of the repository, once for each file that is linked."""
    if path not in work.searched and not base.startswith(LIBRARY_PREFIX):
        work.searched.add(path)
        work.faults.extend(secret_faults(path, content, work.portfolio.once(_secrets), kind))


def _secrets(portfolio: Portfolio) -> tuple[SecretForm, ...]:
    """The forms of secrets that the data classes of the repository and its libraries describe."""
    return secret_forms(portfolio.of(DataClass).values())


# ---- why a file cannot be used


def _content(work: Work, base: str, path: str, limit: int) -> bytes | Fault:
    content = work.portfolio.content(base, path, limit)
    if not isinstance(content, Fault) or content.kind != "absent":
        return content
    steps = path.split("/")
    for length in range(1, len(steps)):
        # A folder that is a link stands in the tree as if it were a file.
        parent = "/".join(steps[:length])
        if work.portfolio.has(base, parent):
            found = work.portfolio.content(base, parent, 0)
            return found if isinstance(found, Fault) and found.kind == "link" else content
    return content


def _named_fault(work: Work, base: str, span: Span, written: str, path: str, fault: Fault) -> Fault:
    """The fault of naming a file that cannot be used: the end of a sentence, and the nearest one there is."""
    match fault.kind:
        case "link":
            is_itself = fault.span.path == path and work.portfolio.has(base, path)
            reason = "is a symbolic link" if is_itself else "passes through a symbolic link"
            return Fault("path-leaves-repository", span, written, (reason,))
        case "absent":
            folder, _, name = path.rpartition("/")
            names = work.portfolio.names_in(base, folder)
            meant = nearest(name, names)
            near = () if meant is None else (written.removesuffix(name) + meant,)
            only = only_slip(name, names)
            right = written.removesuffix(name) + only if only and written.endswith(name) else ""
            return Fault("missing-file", span, path, ("there is no such file", *near), correction=right)
        case "too-large":
            return Fault("missing-file", span, path, (f"it is larger than {fault.expected[0]} bytes",))
        case "not-a-file":
            return Fault("missing-file", span, path, ("it is no regular file",))
        case _:
            reason = f"it cannot be read: {fault.subject[:1].lower()}{fault.subject[1:]}"
            return Fault("missing-file", span, path, (reason,))
