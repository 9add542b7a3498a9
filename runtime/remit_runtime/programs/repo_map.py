"""A map of a repository for its readers, from what other tools have seen of it. It opens no file itself.

Standard input: `{"files": [paths], "symbols": [entries of code-symbols], "entry_points": ["path:line:text", ...]}`.
Standard output: `{"map": {...}, "markdown": "..."}`, in one order for one input. What a cap leaves out is counted:
in the map under `omitted`, in the Markdown where the list ends.

`counts`: `files` and `lines` of the whole repository; `modules`, the Python files that parse; `symbols`, every class,
method, function and constant in them; `public`, those of them without a leading underscore; `packages`, `tests`.
"""

from __future__ import annotations

import json
import posixpath
import re
import sys
from collections import Counter, defaultdict
from typing import Any

BAD_INPUT = 2
MAX_MODULES = 3_000
MAX_SYMBOLS = 8_000
MAX_RELATED = 50
SHOWN_MODULES = 400
SHOWN_SYMBOLS = 12
SHOWN_RELATED = 6
SHOWN_FOLDERS = 60
SHOWN_ROWS = 25
FOLDER_DEPTH = 3

ENTRY_POINT = re.compile(r"(?P<path>.*?):(?P<line>[0-9]+):(?P<text>.*)", re.DOTALL)
SCRIPT = re.compile(r'(?P<name>[A-Za-z0-9_.-]+)\s*=\s*"(?P<target>[A-Za-z0-9_.]+:[A-Za-z0-9_.]+)"')
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)

Json = Any
Record = dict[str, Json]


def main() -> int:
    """Answer the request on standard input; 0, or 2 when it is not of the form above."""
    try:
        request = json.loads(sys.stdin.buffer.read())
        files = texts(request["files"])
        found = mapped(files, request["symbols"], texts(request["entry_points"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        sys.stderr.write(f"repo-map: the request is not of its form: {type(error).__name__}: {error}\n")
        return BAD_INPUT
    answer = {"map": found, "markdown": markdown(found)}
    sys.stdout.write(json.dumps(answer, separators=(",", ":"), sort_keys=True))
    return 0


def texts(value: Json) -> list[str]:
    """A list of strings.

    Raises:
        TypeError: it is none.
    """
    items: list[Json] = [*value] if type(value) is list else [None]
    found = [item for item in items if isinstance(item, str)]
    if len(found) != len(items):
        raise TypeError("a list of strings is expected")
    return found


# The map


def mapped(files: list[str], entries: list[Record], entry_points: list[str]) -> Record:
    """The map: counts, languages, folders, packages, modules with their relations, entry points, tests."""
    files = sorted(set(files))
    by_path = {str(entry["path"]): entry for entry in entries}
    python = {p: e for p, e in sorted(by_path.items()) if e.get("language") == "Python" and "error" not in e}
    names = module_names(python, files)
    relations = imports_between(python, names)
    modules = [module_record(path, python[path], names[path], relations) for path in python]
    tests = [module for module in modules if module["test"]]
    omitted = cap_modules(modules)
    known = set(names.values())
    points = [point for line in entry_points if (point := entry_point(line, known)) is not None]
    points.sort(key=lambda one: (one["path"], one["line"]))
    return {
        "counts": {
            "files": len(files),
            "lines": sum(int(entry.get("lines", 0)) for entry in by_path.values()),
            "modules": len(python),
            "packages": len(packages_of(modules)),
            "public": sum(module["public"] for module in modules),
            "symbols": sum(module["all"] for module in modules),
            "tests": len(tests),
        },
        "entry_points": points,
        "external": external_of(modules),
        "folders": folders_of(files, by_path, modules),
        "languages": languages_of(files, by_path),
        "modules": modules[:MAX_MODULES],
        "most_imported": most_imported(modules),
        "omitted": omitted,
        "packages": packages_of(modules),
        "unreadable": [
            {"error": str(entry["error"]), "path": path}
            for path, entry in sorted(by_path.items())
            if "error" in entry
        ],
    }


def module_names(python: dict[str, Record], files: list[str]) -> dict[str, str]:
    """The dotted name of each module: from the outermost folder that is a package, else from its own folder."""
    packages = {
        posixpath.dirname(path)
        for path in files
        if posixpath.basename(path) in ("__init__.py", "__init__.pyi")
    }
    names: dict[str, str] = {}
    for path in python:
        parts = path.split("/")
        folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        outer = next((depth for depth, folder in enumerate(folders) if folder in packages), len(folders))
        dotted = [*parts[outer:-1], parts[-1].rpartition(".")[0]]
        names[path] = ".".join(dotted[:-1] if dotted[-1] == "__init__" and len(dotted) > 1 else dotted)
    return names


def imports_between(python: dict[str, Record], names: dict[str, str]) -> dict[str, tuple[set[str], set[str]]]:
    """For each module the paths that it imports from the repository, and the other top-level names it imports."""
    known: dict[str, list[str]] = defaultdict(list)
    for path, name in names.items():
        known[name].append(path)
        full = path.rpartition(".")[0].replace("/", ".").removesuffix(".__init__")
        if full != name:  # a folder without __init__.py is a package too, seen from the root
            known[full].append(path)
    found: dict[str, tuple[set[str], set[str]]] = {}
    for path, entry in python.items():
        inside: set[str] = set()
        outside: set[str] = set()
        for wanted in entry.get("imports", []):
            hits = resolved(wanted, path, names[path], known)
            inside |= hits - {path}
            if not hits and not wanted["module"].startswith("."):
                outside.add(wanted["module"].partition(".")[0])
        found[path] = (inside, outside - set(sys.stdlib_module_names))
    return found


def resolved(wanted: Record, path: str, name: str, known: dict[str, list[str]]) -> set[str]:
    """The modules of the repository that one import statement names."""
    module = str(wanted["module"])
    level = len(module) - len(module.lstrip("."))
    if level:
        package = (
            name.split(".") if posixpath.basename(path).startswith("__init__.") else name.split(".")[:-1]
        )
        base = package[: len(package) - level + 1]
        module = ".".join([*base, *filter(None, [module.lstrip(".")])])
    inner = {hit for one in wanted["names"] for hit in nearest(known.get(f"{module}.{one}"), path)}
    if inner or not module:
        return inner
    while module:
        hits = nearest(known.get(module), path)
        if hits:
            return hits
        if wanted["names"] or level:  # `from a.b import c` never means `a`
            return set()
        module = module.rpartition(".")[0]
    return set()


def nearest(paths: list[str] | None, path: str) -> set[str]:
    """Of several modules of one name, the one that shares most of its path with the importer."""
    if not paths:
        return set()
    return {min(sorted(paths), key=lambda one: -len(posixpath.commonprefix([one, path])))}


def module_record(
    path: str, entry: Record, name: str, relations: dict[str, tuple[set[str], set[str]]]
) -> Record:
    """What the map says of one module. `symbols` are the public ones."""
    symbols = entry.get("symbols", [])
    public = [one for one in symbols if not any(part.startswith("_") for part in str(one["name"]).split("."))]
    imported_by = sorted(other for other, (inside, _) in relations.items() if path in inside)
    base = posixpath.basename(path)
    test = base.startswith("test_") or base.endswith("_test.py") or base == "conftest.py"
    return {
        "all": len(symbols) + int(entry.get("omitted", 0)),
        "doc": str(entry.get("doc", "")),
        "external": sorted(relations[path][1])[:MAX_RELATED],
        "imported_by": imported_by[:MAX_RELATED],
        "imported_by_count": len(imported_by),
        "imports": sorted(relations[path][0])[:MAX_RELATED],
        "lines": int(entry.get("lines", 0)),
        "main": bool(entry.get("main", False)),
        "name": name,
        "path": path,
        "public": len(public),
        "symbols": public,
        "test": test,
        "tests": sum(1 for one in symbols if str(one["name"]).rpartition(".")[2].startswith("test"))
        if test
        else 0,
    }


def cap_modules(modules: list[Record]) -> Record:
    """Leave out symbols and modules past the caps, and say how many."""
    room, left_out = MAX_SYMBOLS, 0
    for module in modules:
        keep: list[Record] = [] if module["test"] else module["symbols"][: max(0, room)]
        left_out += 0 if module["test"] else len(module["symbols"]) - len(keep)
        room -= len(keep)
        module["symbols"] = keep
    return {"modules": max(0, len(modules) - MAX_MODULES), "symbols": left_out}


def packages_of(modules: list[Record]) -> list[Record]:
    """The packages and other folders that hold modules, with the modules in them and how packages use each other."""
    by_folder: dict[str, list[Record]] = defaultdict(list)
    for module in modules:
        by_folder[posixpath.dirname(module["path"])].append(module)
    folder_of = {module["path"]: posixpath.dirname(module["path"]) for module in modules}
    found: list[Record] = []
    for folder, inside in sorted(by_folder.items()):
        head = next((one for one in inside if posixpath.basename(one["path"]).startswith("__init__.")), None)
        uses = {folder_of[path] for one in inside for path in one["imports"] if path in folder_of} - {folder}
        found.append(
            {
                "doc": head["doc"] if head else "",
                "imports": sorted(uses),
                "lines": sum(one["lines"] for one in inside),
                "modules": len(inside),
                "name": head["name"] if head else "",
                "path": folder,
                "tests": sum(1 for one in inside if one["test"]),
            }
        )
    return found


def folders_of(files: list[str], by_path: dict[str, Record], modules: list[Record]) -> list[Record]:
    """Every folder with all that is below it, sorted so that a folder comes before what is in it."""
    counted: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    python = {module["path"] for module in modules}
    for path in files:
        folder: str = posixpath.dirname(path)
        while True:
            counted[folder][0] += 1
            counted[folder][1] += int(by_path.get(path, {}).get("lines", 0))
            counted[folder][2] += path in python
            if not folder:
                break
            folder = posixpath.dirname(folder)
    return [
        {"files": files_, "lines": lines, "modules": modules_, "path": folder}
        for folder, (files_, lines, modules_) in sorted(counted.items(), key=lambda one: one[0].split("/"))
    ]


def languages_of(files: list[str], by_path: dict[str, Record]) -> list[Record]:
    """Files and lines by language, the largest first."""
    count: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for path in files:
        entry = by_path.get(path, {})
        language = str(entry.get("language", "Other"))
        count[language] += 1
        lines[language] += int(entry.get("lines", 0))
    order = sorted(count, key=lambda one: (-lines[one], -count[one], one))
    return [{"files": count[one], "language": one, "lines": lines[one]} for one in order]


def most_imported(modules: list[Record]) -> list[Record]:
    """The modules that most others stand on."""
    used = [module for module in modules if module["imported_by_count"] > 1 and not module["test"]]
    used.sort(key=lambda one: (-one["imported_by_count"], one["path"]))
    return [
        {"doc": one["doc"], "imported_by": one["imported_by_count"], "name": one["name"], "path": one["path"]}
        for one in used[:SHOWN_ROWS]
    ]


def external_of(modules: list[Record]) -> list[Record]:
    """The libraries that the modules import, apart from Python's own, the most used first."""
    count = Counter(name for module in modules for name in module["external"])
    return [
        {"modules": count[name], "name": name} for name in sorted(count, key=lambda one: (-count[one], one))
    ]


def entry_point(line: str, known: set[str]) -> Record | None:
    """Where a program starts, from one line of a search; None for a line that says nothing.

    A script is one only if it runs a module of the repository: other settings look like scripts too.
    """
    match = ENTRY_POINT.fullmatch(line)
    if match is None:
        return None
    text = match["text"].strip()
    found: Record = {"line": int(match["line"]), "path": match["path"], "text": text[:200]}
    script = SCRIPT.match(text)
    if script is not None and match["path"].endswith(".toml"):
        if script["target"].partition(":")[0] not in known:
            return None
        return {**found, "kind": "script", "name": script["name"], "target": script["target"]}
    if match["path"].endswith(".py") and text.startswith("if __name__") and "__main__" in text:
        return {**found, "kind": "main"}
    is_bin = match["path"].endswith("package.json") and '"bin"' in text
    return {**found, "kind": "bin"} if is_bin else None


# The Markdown


def markdown(found: Record) -> str:
    """The map as a page to read from top to bottom: what it is, where it starts, what is where."""
    sections = (
        overview(found),
        starts(found),
        layout(found),
        foundations(found),
        modules_by_package(found),
        relations(found),
        tests(found),
        not_understood(found),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def overview(found: Record) -> list[str]:
    """The title, one line of figures and the languages."""
    counts = found["counts"]
    figures = [
        many(counts["files"], "file"),
        many(counts["lines"], "line"),
        many(counts["modules"], "Python module"),
        f"{many(counts['symbols'], 'symbol')} ({counts['public']:,} public)",
        many(counts["tests"], "test file"),
    ]
    lines = ["# Repository map", "", " · ".join(figures), ""]
    rows = [
        row(plain(one["language"]), f"{one['files']:,}", f"{one['lines']:,}") for one in found["languages"]
    ]
    return [
        *lines,
        "| language | files | lines |",
        "|---|---:|---:|",
        *capped(rows, 12, "| … and {n} more | | |"),
        "",
    ]


def starts(found: Record) -> list[str]:
    """Where the programs of the repository start."""
    points = [one for one in found["entry_points"] if not is_test(one["path"])]
    if not points:
        return []
    rows: list[str] = []
    for one in points:
        where = code(f"{one['path']}:{one['line']}")
        match one["kind"]:
            case "script":
                rows.append(f"- {code(one['name'])} runs {code(one['target'])} ({where})")
            case "main":
                rows.append(f"- {code('python ' + one['path'])} ({where})")
            case _:
                rows.append(f"- {code(one['text'])} ({where})")
    return ["## Where it starts", "", *capped(rows, SHOWN_ROWS, "- … and {n} more"), ""]


def layout(found: Record) -> list[str]:
    """The folders as a tree, three levels deep."""
    docs = {one["path"]: one["doc"] for one in found["packages"] if one["doc"]}
    shown = [one for one in found["folders"] if one["path"] and one["path"].count("/") < FOLDER_DEPTH]
    if not shown:
        return []
    width = max(len(indented(one["path"])) for one in shown) + 2
    rows: list[str] = []
    for one in shown:
        figures = f"{many(one['files'], 'file')}, {many(one['lines'], 'line')}"
        doc = f"  {bare(docs[one['path']])}" if one["path"] in docs else ""
        rows.append(f"{indented(one['path']):<{width}}{figures:<24}{doc}".rstrip())
    return ["## Layout", "", "```text", *capped(rows, SHOWN_FOLDERS, "… and {n} more folders"), "```", ""]


def foundations(found: Record) -> list[str]:
    """What most other modules stand on, and the libraries that are used."""
    lines: list[str] = []
    if found["most_imported"]:
        rows = [
            row(code(one["name"]), str(one["imported_by"]), plain(one["doc"]))
            for one in found["most_imported"]
        ]
        lines += ["## What the rest stands on", "", "| module | imported by | what it is |", "|---|---:|---|"]
        lines += [*capped(rows, 12, "| … and {n} more | | |"), ""]
    if found["external"]:
        names = [f"{code(one['name'])} ({one['modules']})" for one in found["external"]]
        lines += [
            "Libraries, by how many modules import them: "
            + ", ".join(capped(names, 20, "… and {n} more"))
            + ".",
            "",
        ]
    return lines


def modules_by_package(found: Record) -> list[str]:
    """Every package with its modules and what each of them offers."""
    docs = {one["path"]: one for one in found["packages"]}
    names = {one["path"]: one["name"] for one in found["modules"]}
    left = SHOWN_MODULES
    lines: list[str] = []
    by_folder: dict[str, list[Record]] = defaultdict(list)
    for module in found["modules"]:
        if not module["test"]:
            by_folder[posixpath.dirname(module["path"])].append(module)
    for folder, inside in sorted(by_folder.items()):
        if left <= 0:
            break
        head = docs[folder]
        lines += ["", f"### {code(head['name'] or (folder + '/' if folder else './'))}", ""]
        if head["doc"]:
            lines += [plain(head["doc"]), ""]
        for module in inside[:left]:
            lines += module_lines(module, names, is_head=bool(head["doc"]) and module["name"] == head["name"])
        left -= len(inside)
    if not lines:
        return []
    total = sum(len(inside) for inside in by_folder.values()) + found["omitted"]["modules"]
    if total > SHOWN_MODULES:
        lines += ["", f"… and {total - SHOWN_MODULES} more modules"]
    return ["## Modules", *lines, ""]


def module_lines(module: Record, names: dict[str, str], *, is_head: bool) -> list[str]:
    """One module: its place, its sentence, its public symbols."""
    base = posixpath.basename(module["path"])
    if is_head and not module["symbols"]:
        return []  # the package's own sentence stands above already
    doc = f": {plain(module['doc'])}" if module["doc"] and not is_head else ""
    used = ""
    if module["imported_by_count"]:
        users = [code(names.get(path, str(path))) for path in module["imported_by"]]
        rest = module["imported_by_count"] - min(len(users), SHOWN_RELATED)
        more = f" and {rest} more" if rest else ""
        used = f" *Used by* {', '.join(users[:SHOWN_RELATED])}{more}."
    lines = [f"- **{code(base)}** ({many(module['lines'], 'line')}){doc}{used}"]
    methods = Counter(one["name"].rpartition(".")[0] for one in module["symbols"] if one["kind"] == "method")
    rows = [
        symbol_line(one, methods[one["name"]])
        for one in module["symbols"]
        if one["kind"] in ("class", "function")
    ]
    constants = [code(str(one["name"])) for one in module["symbols"] if one["kind"] == "constant"]
    lines += capped(rows, SHOWN_SYMBOLS, "  - … and {n} more")
    if constants:
        lines.append("  - constants " + ", ".join(capped(constants, 10, "… and {n} more")))
    return lines


def symbol_line(symbol: Record, methods: int) -> str:
    """One class or function."""
    doc = f": {plain(symbol['doc'])}" if symbol["doc"] else ""
    inside = f" ({many(methods, 'method')})" if methods else ""
    return f"  - {code(symbol['signature'].removeprefix('def '))}{inside}{doc}"


def relations(found: Record) -> list[str]:
    """Which packages import which."""
    labels = {one["path"]: one["name"] or one["path"] or "." for one in found["packages"]}
    tested = {one["path"] for one in found["packages"] if one["tests"] == one["modules"]}
    rows = [
        f"- {code(labels[one['path']])} imports {', '.join(code(labels[path]) for path in one['imports'])}"
        for one in found["packages"]
        if one["imports"] and one["path"] not in tested
    ]
    return (
        ["## How packages depend on each other", "", *capped(rows, SHOWN_FOLDERS, "- … and {n} more"), ""]
        if rows
        else []
    )


def tests(found: Record) -> list[str]:
    """The test files, how many tests each holds and what they import."""
    names = {one["path"]: one["name"] for one in found["modules"]}
    inside = [one for one in found["modules"] if one["test"] and one["tests"]]
    if not inside:
        return []
    rows: list[str] = []
    for one in inside:
        seen = [code(names.get(path, path)) for path in one["imports"] if not is_test(path)]
        about = ", ".join(capped(seen, SHOWN_RELATED, "… and {n} more"))
        rows.append(row(code(one["path"]), str(one["tests"]), about))
    total = sum(one["tests"] for one in inside)
    head = ["## Tests", "", f"{many(total, 'test')} in {many(len(inside), 'file')}.", ""]
    return [
        *head,
        "| file | tests | imports |",
        "|---|---:|---|",
        *capped(rows, 60, "| … and {n} more | | |"),
        "",
    ]


def not_understood(found: Record) -> list[str]:
    """What could not be read, and what was left out of the map."""
    lines: list[str] = []
    if found["unreadable"]:
        rows = [f"- {code(one['path'])}: {plain(one['error'])}" for one in found["unreadable"]]
        lines += ["## Not read", "", *capped(rows, SHOWN_ROWS, "- … and {n} more"), ""]
    left_out = [f"{count:,} {name}" for name, count in sorted(found["omitted"].items()) if count]
    return [*lines, f"Left out of the map: {', '.join(left_out)}.", ""] if left_out else lines


def capped(rows: list[str], limit: int, rest: str) -> list[str]:
    """At most `limit` rows, and one that says how many more there are."""
    return rows if len(rows) <= limit else [*rows[:limit], rest.format(n=f"{len(rows) - limit:,}")]


def row(*cells: str) -> str:
    """A row of a table; in a table even a code span ends at a bar (GFM 0.29 §4.10)."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def many(count: int, noun: str) -> str:
    """A count with its noun: `1 file`, `2 files`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def indented(folder: str) -> str:
    """A folder's name at the depth where it stands."""
    return "  " * folder.count("/") + bare(posixpath.basename(folder)) + "/"


def is_test(path: str) -> bool:
    """Whether a path is a test's by its name or folder."""
    parts = path.split("/")
    return parts[-1].startswith("test_") or "tests" in parts[:-1] or "test" in parts[:-1]


def bare(text: str) -> str:
    """Text without characters that hide, and without a fence."""
    return HIDDEN.sub("\ufffd", text).replace("```", "'''")


def code(text: str) -> str:
    """Text as a code span that nothing in it can close (CommonMark 0.31 §6.1)."""
    clean = bare(text)
    longest = max((len(run) for run in re.findall("`+", clean)), default=0)
    mark = "`" * (longest + 1)
    space = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{mark}{space}{clean}{space}{mark}"


def plain(text: str) -> str:
    """Somebody's sentence as text: its code spans stay, its markup and links do not work."""
    pieces = bare(text).split("`")
    if len(pieces) % 2 == 0:  # an odd backtick opens nothing
        pieces = ["'".join(pieces)]
    escaped = [
        piece if index % 2 else re.sub(r"([\\*_\[\]<>#&!~])", r"\\\1", piece)
        for index, piece in enumerate(pieces)
    ]
    return "`".join(escaped)


if __name__ == "__main__":
    sys.exit(main())
