"""The symbols of source files, read and never run.

Standard input: `{"paths": ["a.py", ...]}`, paths below the working directory. Standard output: `{"files": [...]}`, one
entry a path and in its order, each with `path`, `language`, `symbols` and `imports`, `doc` and `lines` where the file
could be read, and `error` where it could not. Python is parsed with `ast`; of other languages only the name is given.

A symbol is `{kind, name, line, end_line, signature, doc}`: kind is class, function, method or constant; a method's
name holds its class (`Run.step`). An import is `{module, names, line}`, relative ones with their leading dots.

Nothing outside the working directory is opened: absolute paths, `..` and symbolic links are refused, on every part
of a path. Files over 2 MiB and, in all, over 256 MiB are not read. Where the output would grow past 3.5 MB, and past
2,000 symbols in one file, symbols are left out and `omitted` says how many.
"""

# It starts for every call, and importing pathlib would double its start.
# ruff: noqa: PTH

from __future__ import annotations

import ast
import errno
import json
import os
import stat
import sys
import warnings
from collections.abc import Iterator
from typing import Any

MAX_PATHS = 20_000
MAX_FILE_BYTES = 2 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
MAX_SYMBOLS_PER_FILE = 2_000
MAX_OUTPUT_BYTES = 3_500_000
MAX_SIGNATURE = 200
MAX_DOC = 300
BAD_INPUT = 2

LANGUAGES = {
    "bash": "Shell", "bat": "Batch", "c": "C", "cc": "C++", "cfg": "INI", "clj": "Clojure", "cpp": "C++", "cs": "C#",
    "css": "CSS", "csv": "CSV", "dart": "Dart", "erl": "Erlang", "ex": "Elixir", "exs": "Elixir", "go": "Go",
    "graphql": "GraphQL", "groovy": "Groovy", "h": "C", "hcl": "HCL", "hpp": "C++", "hs": "Haskell", "html": "HTML",
    "ini": "INI", "ipynb": "Jupyter", "java": "Java", "jl": "Julia", "js": "JavaScript", "json": "JSON",
    "jsonl": "JSON Lines", "jsx": "JavaScript", "kt": "Kotlin", "lua": "Lua", "md": "Markdown", "mjs": "JavaScript",
    "ml": "OCaml", "nix": "Nix", "php": "PHP", "pl": "Perl", "proto": "Protocol Buffers", "ps1": "PowerShell",
    "py": "Python", "pyi": "Python", "r": "R", "rb": "Ruby", "rs": "Rust", "rst": "reStructuredText",
    "scala": "Scala", "scss": "CSS", "sh": "Shell", "sql": "SQL", "svelte": "Svelte", "swift": "Swift", "tf": "HCL",
    "toml": "TOML", "ts": "TypeScript", "tsx": "TypeScript", "txt": "Text", "vue": "Vue", "xml": "XML",
    "yaml": "YAML", "yml": "YAML", "zig": "Zig", "zsh": "Shell", "cedar": "Cedar",
}  # fmt: skip
NAMES = {
    "dockerfile": "Dockerfile",
    "makefile": "Makefile",
    "license": "Text",
    "readme": "Text",
    "justfile": "Makefile",
}

Symbol = dict[str, str | int]
Import = dict[str, str | int | list[str]]
Entry = dict[str, Any]


class Unreadable(Exception):
    """Why a file is not read, in a sentence."""


def main() -> int:
    """Answer the request on standard input; 0, or 2 when it is not of the form above."""
    try:
        request = json.loads(sys.stdin.buffer.read())
        paths: list[str] = request["paths"]
        if type(paths) is not list or not all(type(path) is str for path in paths):
            raise TypeError("`paths` is not a list of strings")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        sys.stderr.write(f"code-symbols: the request is not an object with `paths`: {error}\n")
        return BAD_INPUT
    if len(paths) > MAX_PATHS:
        sys.stderr.write(f"code-symbols: more than {MAX_PATHS} paths\n")
        return BAD_INPUT
    warnings.simplefilter("ignore")  # a file with an odd escape is still a file
    sys.stdout.write(json.dumps({"files": described(paths)}, separators=(",", ":"), sort_keys=True))
    return 0


def described(paths: list[str]) -> list[Entry]:
    """An entry for each path, in order; files past the cap of all bytes are said to be unread."""
    left, room = MAX_TOTAL_BYTES, MAX_OUTPUT_BYTES
    entries: list[Entry] = []
    for path in paths:
        entry: Entry = {"path": path, "language": language_of(path), "symbols": [], "imports": []}
        try:
            data = content(path, min(MAX_FILE_BYTES, left))
            left -= len(data)
            entry["lines"] = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
            if entry["language"] == "Python":
                describe_python(entry, data)
        except Unreadable as reason:
            entry["error"] = str(reason)
        room -= keep_within(entry, room)
        entries.append(entry)
    return entries


def keep_within(entry: Entry, room: int) -> int:
    """The bytes that an entry takes; its symbols and imports are left out, and counted, where there is no room."""
    size = len(json.dumps(entry))
    count = len(entry["symbols"]) + len(entry["imports"])
    if size <= room or not count:
        return size
    entry["omitted"] = entry.get("omitted", 0) + count
    entry["symbols"], entry["imports"] = [], []
    return len(json.dumps(entry))


def language_of(path: str) -> str:
    """The language that a file's name says, or `Other`."""
    name = path.rpartition("/")[2].lower()
    stem, _, extension = name.rpartition(".")
    return LANGUAGES.get(extension, "Other") if stem else NAMES.get(name, "Other")


def content(path: str, limit: int) -> bytes:
    """The bytes of a file below the working directory.

    Raises:
        Unreadable: the path leaves the directory, goes through a link, names no plain file, or the file is too large.
    """
    parts = path.split("/")
    if path.startswith("/") or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise Unreadable("the path is not a plain path below the checkout")
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        # O_NONBLOCK: a pipe must not be waited for.
        handle = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Unreadable("the path is a symbolic link, or goes through one") from error
        raise Unreadable(f"the file cannot be opened: {(error.strerror or 'unknown').lower()}") from error
    finally:
        os.close(folder)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Unreadable("the path names no plain file")
        try:
            data = file.read(limit + 1)
        except OSError as error:
            raise Unreadable(f"the file cannot be read: {(error.strerror or 'unknown').lower()}") from error
    if len(data) > limit:
        raise Unreadable(f"the file is larger than {limit} bytes")
    return data


def describe_python(entry: Entry, data: bytes) -> None:
    """Add the symbols, imports and summary of a Python file.

    Raises:
        Unreadable: it does not parse; the line is named.
    """
    try:
        tree = ast.parse(data)
    except SyntaxError as error:
        raise Unreadable(f"the file does not parse, line {error.lineno or 1}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable("the file does not parse: it holds NUL bytes or is nested too deeply") from error
    try:
        symbols = symbols_of(tree)
        imports = [found for node in statements(tree.body) for found in imports_of(node)]
    except RecursionError as error:
        raise Unreadable("the file does not parse: it is nested too deeply") from error
    entry["doc"] = first_line(tree)
    entry["symbols"] = symbols[:MAX_SYMBOLS_PER_FILE]
    if len(symbols) > MAX_SYMBOLS_PER_FILE:
        entry["omitted"] = len(symbols) - MAX_SYMBOLS_PER_FILE
    entry["imports"] = sorted(imports, key=lambda one: (one["line"], one["module"]))
    entry["main"] = any(is_main_guard(node) for node in tree.body)


def symbols_of(tree: ast.Module) -> list[Symbol]:
    """The classes with their methods, the functions and the constants of a module, in the order of the file."""
    found: list[Symbol] = []
    for node in tree.body:
        match node:
            case ast.ClassDef():
                found += class_symbols(node, node.name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.append(function_symbol(node, "function", node.name))
            case ast.Assign() | ast.AnnAssign():
                found += constant_symbols(node)
            case _:
                continue
    return found


def class_symbols(node: ast.ClassDef, name: str) -> list[Symbol]:
    """A class, its methods and the classes inside it."""
    bases = ", ".join(ast.unparse(one) for one in (*node.bases, *node.keywords))
    found = [symbol("class", name, node, f"class {node.name}({bases})" if bases else f"class {node.name}")]
    for inner in node.body:
        match inner:
            case ast.ClassDef():
                found += class_symbols(inner, f"{name}.{inner.name}")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                found.append(function_symbol(inner, "method", f"{name}.{inner.name}"))
            case _:
                continue
    return found


def function_symbol(node: ast.FunctionDef | ast.AsyncFunctionDef, kind: str, name: str) -> Symbol:
    """A function or method with its signature as it is written, without defaults' bodies."""
    before = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    return symbol(kind, name, node, f"{before} {node.name}({ast.unparse(node.args)}){returns}")


def constant_symbols(node: ast.Assign | ast.AnnAssign) -> list[Symbol]:
    """The names of an assignment that are written as constants (PEP 8) or are types, with an annotation if any."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    note = f": {ast.unparse(node.annotation)}" if isinstance(node, ast.AnnAssign) else ""
    return [symbol("constant", name, node, f"{name}{note}") for name in names if name.isupper()]


def symbol(kind: str, name: str, node: ast.stmt, signature: str) -> Symbol:
    """One symbol of a node; long signatures are cut with a mark."""
    return {
        "kind": kind,
        "name": name,
        "line": node.lineno,
        "end_line": node.end_lineno or node.lineno,
        "signature": cut(" ".join(signature.split()), MAX_SIGNATURE),
        "doc": first_line(node),
    }


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement of a body and of what stands inside it; expressions hold none, so they are not walked."""
    for node in body:
        yield node
        for name in ("body", "orelse", "finalbody"):
            yield from statements(getattr(node, name, []))
        for part in (*getattr(node, "handlers", []), *getattr(node, "cases", [])):
            yield from statements(part.body)


def imports_of(node: ast.stmt) -> list[Import]:
    """What an import statement names, anywhere in the file."""
    match node:
        case ast.Import():
            return [{"module": one.name, "names": [], "line": node.lineno} for one in node.names]
        case ast.ImportFrom():
            module = "." * node.level + (node.module or "")
            return [{"module": module, "names": [one.name for one in node.names], "line": node.lineno}]
        case _:
            return []


def is_main_guard(node: ast.stmt) -> bool:
    """Whether a statement is `if __name__ == "__main__":`."""
    return isinstance(node, ast.If) and ast.unparse(node.test).replace('"', "'") == "__name__ == '__main__'"


def first_line(node: ast.AST) -> str:
    """The first line of a docstring, or nothing."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    lines = (ast.get_docstring(node, clean=True) or "").strip().splitlines()
    return cut(lines[0].strip(), MAX_DOC) if lines else ""


def cut(text: str, limit: int) -> str:
    """Text of at most `limit` characters, with a mark where some were left out."""
    return text if len(text) <= limit else text[: limit - 3] + "..."


if __name__ == "__main__":
    sys.exit(main())
