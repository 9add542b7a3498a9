"""Files that definitions name: found within the repository, read once, as text or as JSON."""

import json
from bisect import bisect_left
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn, TypeAlias

from remit.diagnostic import Fault, nearest, only_slip
from remit.git.tree import Tree
from remit.link.paths import PathRefused, resolve
from remit.link.secrets import LITERAL, secret_faults
from remit.link.work import Work, span_of
from remit.parse import LIBRARY_PREFIX
from remit.read import MAX_BYTES, Path, nothing_read
from remit.read.text import ReadText, read_text
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
    tree = _tree_of(work, base)
    if path not in work.contents:
        content = work.contents[path] = _content(tree, path, limit)
        if isinstance(content, bytes) and tree is work.tree:
            work.faults.extend(secret_faults(path, content, work.secrets, secret))
    content = work.contents[path]
    if isinstance(content, bytes):
        return path, content
    work.faults.append(_named_fault(tree, span(), written, path, content))
    return None


def named_folder(work: Work, base: str, span: Place, written: str) -> None:
    """Looks for a folder that a definition names, and records a fault if there is none."""
    path = named_path(work, base, span, written)
    if path is None:
        return
    tree = _tree_of(work, base)
    at = bisect_left(tree.paths, f"{path}/")
    if at < len(tree.paths) and tree.paths[at].startswith(f"{path}/"):
        return
    content = _content(tree, path, 0)
    if isinstance(content, bytes) or content.kind == "too-large":
        fault = Fault("missing-file", span(), path, ("it is a file, and a folder is wanted",))
    else:
        fault = _named_fault(tree, span(), written, path, content)
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
    path, data = named
    if path not in work.texts:
        work.texts[path] = _text(work, path, data)
    text = work.texts[path]
    return None if text is None else (path, text)


def named_json(work: Work, base: str, at: Path, written: str) -> tuple[str, Any] | None:
    """The path and the value of a JSON file that a definition names, or None and a fault."""
    named = named_text(work, base, at, written)
    if named is None:
        return None
    path, text = named
    if path not in work.values:
        value = json_value(text)
        if isinstance(value, NotJson):
            place = Position(value.line, value.column)
            span = Span(path, place, Position(place.line, place.column + 1))
            work.faults.append(Fault("invalid-json-schema", span, value.reason))
        work.values[path] = value
    found = work.values[path]
    return None if isinstance(found, NotJson) else (path, found)


# ---- JSON


class NotJson(ValueError):
    """Why a text is no JSON, and where."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def json_value(text: str) -> Any:
    """The value of a JSON text (RFC 8259), or a `NotJson`. No object holds a key twice; numbers are exact."""
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_each_key_once
        )
    except NotJson as error:
        return error
    except json.JSONDecodeError as error:
        return NotJson(error.msg[:1].lower() + error.msg[1:], error.lineno, error.colno)
    except RecursionError:
        return NotJson("the text is nested too deeply")
    except ValueError:
        return NotJson("a number has too many digits")


def _no_constant(word: str) -> NoReturn:
    raise NotJson(f"`{word}` is no JSON")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise NotJson(f"key `{twice}` stands twice in one object")
    return value


# ---- bytes and text


def _tree_of(work: Work, base: str) -> Tree:
    return work.library if base.startswith(LIBRARY_PREFIX) else work.tree


def _content(tree: Tree, path: str, limit: int) -> bytes | Fault:
    content = tree.read(path, limit)
    if not isinstance(content, Fault) or content.kind != "absent":
        return content
    steps = path.split("/")
    for length in range(1, len(steps)):
        # A folder that is a link stands in the tree as if it were a file.
        parent = "/".join(steps[:length])
        if parent in tree:
            found = tree.read(parent, 0)
            return found if isinstance(found, Fault) and found.kind == "link" else content
    return content


def _named_fault(tree: Tree, span: Span, written: str, path: str, fault: Fault) -> Fault:
    """The fault of naming a file that cannot be used: the end of a sentence, and the nearest one there is."""
    match fault.kind:
        case "link":
            is_itself = fault.span.path == path and path in tree
            reason = "is a symbolic link" if is_itself else "passes through a symbolic link"
            return Fault("path-leaves-repository", span, written, (reason,))
        case "absent":
            folder, _, name = path.rpartition("/")
            names = _names_in(tree, folder)
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


def _names_in(tree: Tree, folder: str) -> list[str]:
    """The names of the files, and of the folders, right in a folder."""
    prefix = f"{folder}/" if folder else ""
    names: list[str] = []
    for path in tree.paths[bisect_left(tree.paths, prefix) :]:
        if not path.startswith(prefix):
            break
        names.append(path[len(prefix) :].partition("/")[0])
    return names


def _text(work: Work, path: str, data: bytes) -> str | None:
    """The text of a file as a reviewer sees it; where it is none, the file is recorded with its faults."""
    read = read_text(path, data)
    if isinstance(read, ReadText) and not read.faults:
        return read.content.decode()
    faults = (read,) if isinstance(read, Fault) else read.faults
    work.unreadable.append(nothing_read(path, faults[0])._replace(faults=faults))
    return None
