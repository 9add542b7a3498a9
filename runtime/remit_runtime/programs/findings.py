"""What other tools found in source files, in one flat form: ruff, bandit, and any SARIF 2.1.0 file.

    findings.py sarif                      {"path": "scan.sarif", "suppressions": false}
    findings.py ruff PROGRAM               {"paths": ["."], "select": ["F"], "suppressions": false}
    findings.py bandit SITE_PACKAGES...    {"paths": ["."], "suppressions": false}

The request comes on standard input; the answer is `{"findings": [...], "files": n, "omitted": n}`. A finding is `{tool,
rule, level, path, line, end_line, message}`; `level` is error, warning or note, lines count from 1 and are 0 where
none is named. `files` is how many Python files were read, or how many the SARIF file names.

Nothing of the checkout is run, nothing outside it is opened, and links are not followed.
"""

# It starts for every call, and importing pathlib would double its start.
# ruff: noqa: PTH109, PTH114, PTH118, PTH123

from __future__ import annotations

import importlib
import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, TypeGuard
from urllib.parse import unquote

MAX_FINDINGS = 1_000
MAX_FILES = 5_000
MAX_FILE_BYTES = 32 * 2**20
MAX_TEXT = 4_000
BATCH = 400
BAD_INPUT = 2

Finding = dict[str, Any]


class Refused(Exception):
    """Why the request or a file it names is not taken, in a sentence."""


def main(arguments: list[str]) -> int:
    """Answer the request on standard input; 0, or 2 when the request or its file is not of the form above."""
    answer = os.dup(1)
    # Whatever a tool prints must not stand in the answer.
    os.dup2(2, 1)
    try:
        found, files = findings_of(arguments, request_of(sys.stdin.buffer.read()))
    except (Refused, RecursionError) as error:
        sys.stderr.write(f"findings: {error}\n")
        return BAD_INPUT
    found.sort(key=lambda one: (one["path"], one["line"], one["rule"], one["message"]))
    body = {"findings": found[:MAX_FINDINGS], "files": files, "omitted": max(0, len(found) - MAX_FINDINGS)}
    with os.fdopen(answer, "w", encoding="utf-8") as out:
        json.dump(body, out, ensure_ascii=False)
    return 0


def request_of(data: bytes) -> dict[str, Any]:
    """The request as an object.

    Raises:
        Refused: it is none.
    """
    try:
        request: Any = json.loads(data)
    except ValueError as error:
        raise Refused("the request is not JSON") from error
    if not is_object(request):
        raise Refused("the request is not an object")
    return request


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def findings_of(arguments: list[str], request: dict[str, Any]) -> tuple[list[Finding], int]:
    """The findings of one source, and how many files they are about.

    Raises:
        Refused: the source is unknown, or what it reads is not of its form.
    """
    source, *more = arguments
    kept = request.get("suppressions") is True
    if source == "sarif":
        found = list(sarif(request.get("path"), kept))
        return found, len({one["path"] for one in found if one["path"]})
    files = python_files(request.get("paths", ["."]))
    if source == "ruff":
        return ruff(more[0], files, request.get("select", []), kept), len(files)
    if source == "bandit":
        return bandit(more, files, kept), len(files)
    raise Refused(f"there is no source `{source}`")


def finding(tool: str, rule: str, level: str, path: str, line: object, end: object, message: str) -> Finding:
    """One finding, with lines that are numbers from 0 and texts that are not too long."""
    first = line if type(line) is int and line > 0 else 0
    last = end if type(end) is int and end >= first else first
    return {
        "tool": tool[:200],
        "rule": rule[:200],
        "level": level,
        "path": path[:1000],
        "line": first,
        "end_line": last,
        "message": message[:MAX_TEXT],
    }


# ---- files of the checkout


def inside(path: object) -> str:
    """A path from the root of the checkout, in one spelling.

    Raises:
        Refused: it leads out of the checkout, or could be taken for an option.
    """
    if not isinstance(path, str) or not path or "\0" in path:
        raise Refused("a path is a string that is not empty")
    whole = os.path.normpath(path)
    if whole.startswith(("/", "-", "../")) or whole == "..":
        raise Refused(f"`{path}` is not a path below the checkout")
    return whole


def python_files(paths: object) -> list[str]:
    """The Python files at and below the paths, each once and in order; links are passed over.

    Raises:
        Refused: a path is not there, or there are too many files.
    """
    if not is_list(paths):
        raise Refused("`paths` is a list")
    found: set[str] = set()
    for path in map(inside, paths):
        mode = mode_of(path)
        if stat.S_ISDIR(mode):
            found.update(below(path))
        elif stat.S_ISREG(mode) and path.endswith((".py", ".pyi")):
            found.add(path)
    if len(found) > MAX_FILES:
        raise Refused(f"more than {MAX_FILES} Python files")
    return sorted(found)


def mode_of(path: str) -> int:
    """What a path of the checkout is, with no link on the way.

    Raises:
        Refused: it is not there, or a link.
    """
    parts = path.split("/")
    try:
        modes = [os.lstat("/".join(parts[: count + 1])).st_mode for count in range(len(parts))]
    except OSError as error:
        raise Refused(f"`{path}` is not in the checkout") from error
    if any(stat.S_ISLNK(mode) for mode in modes):
        raise Refused(f"`{path}` is reached by a link")
    return modes[-1]


def below(folder: str) -> Iterator[str]:
    """The Python files below a folder, without those of git."""
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            path = os.path.normpath(os.path.join(place, name))
            if name.endswith((".py", ".pyi")) and not os.path.islink(path) and not path.startswith("-"):
                yield path


# ---- ruff


def ruff(program: str, files: list[str], select: list[str], kept: bool) -> list[Finding]:
    """What ruff finds with the rules selected; the repository's own settings do not count.

    Raises:
        Refused: ruff ends badly, or knows no such rule.
    """
    found: list[Finding] = []
    options = ["--isolated", "--no-cache", "--quiet", "--exit-zero", "--output-format=json"]
    options += [f"--select={','.join(select)}"] if select else []
    options += [] if kept else ["--ignore-noqa"]
    here = os.getcwd()
    for start in range(0, len(files), BATCH):
        command = [program, "check", *options, "--", *files[start : start + BATCH]]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            raise Refused(
                f"ruff ended with {done.returncode}: {done.stderr.decode('utf-8', 'replace')[:500]}"
            )
        for one in json.loads(done.stdout):
            rule = one["code"] or "syntax-error"
            level = "error" if rule in ("syntax-error", "invalid-syntax") else "warning"
            path = os.path.relpath(one["filename"], here)
            lines = one["location"]["row"], one["end_location"]["row"]
            found.append(finding("ruff", rule, level, path, *lines, one["message"]))
    return found


# ---- bandit

BANDIT_LEVELS = {"HIGH": "error", "MEDIUM": "warning", "LOW": "note"}


def bandit(places: list[str], files: list[str], kept: bool) -> list[Finding]:
    """What bandit finds. A file that it cannot parse is a finding of its own."""
    sys.path[:0] = places
    logging.disable(logging.CRITICAL)
    config: Any = importlib.import_module("bandit.core.config")
    manager: Any = importlib.import_module("bandit.core.manager")
    scan = manager.BanditManager(config.BanditConfig(), "file", quiet=True, ignore_nosec=not kept)
    scan.discover_files(files, recursive=False, excluded_paths="")
    scan.run_tests()
    found = [
        finding(
            "bandit",
            issue.test_id,
            BANDIT_LEVELS.get(issue.severity, "note"),
            os.path.normpath(issue.fname),
            issue.lineno,
            max(issue.linerange or [issue.lineno]),
            f"{issue.text} (severity {issue.severity.lower()}, confidence {issue.confidence.lower()})",
        )
        for issue in scan.get_issue_list()
    ]
    return found + [
        finding("bandit", "unreadable", "note", os.path.normpath(path), 0, 0, f"not scanned: {reason}")
        for path, reason in scan.skipped
    ]


# ---- SARIF 2.1.0

SARIF_LEVELS = {"error": "error", "warning": "warning", "note": "note", "none": "note"}


def sarif(path: object, kept: bool) -> Iterator[Finding]:
    """The findings of a SARIF file (SARIF 2.1.0 §3.13), without those that passed or were suppressed.

    Raises:
        Refused: the file is not there or not of the format.
    """
    log = sarif_log(inside(path))
    for run in objects(log.get("runs")):
        driver = part(part(run, "tool"), "driver")
        rules = objects(driver.get("rules"))
        for result in objects(run.get("results")):
            if not counts(result, kept):
                continue
            rule = rule_of(result, rules)
            name, level = rule_name(result, rule), level_of(result, rule)
            place = part(first(objects(result.get("locations"))), "physicalLocation")
            region = part(place, "region")
            where = local_path(part(place, "artifactLocation").get("uri"))
            lines = region.get("startLine"), region.get("endLine")
            yield finding(text(driver.get("name")), name, level, where, *lines, message_of(result, rule))


def sarif_log(path: str) -> dict[str, Any]:
    """The log of a file.

    Raises:
        Refused: the file is not there, too long, or no SARIF 2.1.0.
    """
    if not stat.S_ISREG(mode_of(path)):
        raise Refused(f"`{path}` is not a file")
    with open(path, "rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise Refused(f"`{path}` has more than {MAX_FILE_BYTES} bytes")
    try:
        log: Any = json.loads(data.decode("utf-8-sig"))
    except ValueError as error:
        raise Refused(f"`{path}` is not JSON in UTF-8") from error
    if not is_object(log) or log.get("version") != "2.1.0" or not isinstance(log.get("runs"), list):
        raise Refused(f"`{path}` is not a SARIF 2.1.0 log")
    return log


def counts(result: dict[str, Any], kept: bool) -> bool:
    """Whether a result says that something is wrong (SARIF 2.1.0 §3.27.9, §3.27.23, §3.27.24)."""
    if (
        result.get("kind", "fail") not in ("fail", "open", "review")
        or result.get("baselineState") == "absent"
    ):
        return False
    suppressed = any(
        one.get("status", "accepted") == "accepted" for one in objects(result.get("suppressions"))
    )
    return not (kept and suppressed)


def rule_of(result: dict[str, Any], rules: list[dict[str, Any]]) -> dict[str, Any]:
    """The descriptor of a result's rule, by its index or its id (SARIF 2.1.0 §3.52), or an empty one."""
    reference = part(result, "rule")
    index = result.get("ruleIndex", reference.get("index"))
    if type(index) is int and 0 <= index < len(rules):
        return rules[index]
    name = result.get("ruleId", reference.get("id"))
    return first([rule for rule in rules if rule.get("id") == name])


def rule_name(result: dict[str, Any], rule: dict[str, Any]) -> str:
    """The id of a result's rule."""
    return text(result.get("ruleId")) or text(part(result, "rule").get("id")) or text(rule.get("id"))


def level_of(result: dict[str, Any], rule: dict[str, Any]) -> str:
    """The level of a result, else of its rule, else warning (SARIF 2.1.0 §3.27.10)."""
    level = result.get("level") or part(rule, "defaultConfiguration").get("level")
    return SARIF_LEVELS.get(text(level), "warning")


def message_of(result: dict[str, Any], rule: dict[str, Any]) -> str:
    """The message of a result, its own or its rule's by id, with its arguments filled in (SARIF 2.1.0 §3.11)."""
    message = part(result, "message")
    written = text(message.get("text")) or text(message.get("markdown"))
    if not written:
        strings = part(rule, "messageStrings")
        written = text(part(strings, text(message.get("id"))).get("text"))
    for index, argument in enumerate(values(message.get("arguments"))[:20]):
        written = written.replace(f"{{{index}}}", text(argument))
    return written


def local_path(uri: object) -> str:
    """The path in the checkout that a URI names, or an empty text."""
    path = unquote(text(uri))
    try:
        return inside(path) if path and ":" not in path.partition("/")[0] else ""
    except Refused:
        return ""


def text(value: object) -> str:
    """A value that is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def values(value: object) -> list[Any]:
    """A value that is a list, else an empty one."""
    return value if is_list(value) else []


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [one for one in values(value) if is_object(one)]


def first(some: list[dict[str, Any]]) -> dict[str, Any]:
    """The first of some objects, else an empty one."""
    return some[0] if some else {}


def part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """An object in an object, else an empty one."""
    value = whole.get(name)
    return value if is_object(value) else {}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
