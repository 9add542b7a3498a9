"""Hostile files through the real command in a process of its own: a diagnostic each, no traceback, bounded cost."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

MAX_CPU_SECONDS = 2.0
MAX_CPU_RATIO = 6.5
"""What a hostile check may cost beside a harmless one of the same run: 2 s where that takes 0.3 s, as at rest."""
MAX_RSS_MIB = 300
TEAM = b"apiVersion: remit/v1\nkind: Team\nmetadata: {id: appsec}\nspec: {members: [{principal: 'os:*', roles: [x]}]}\n"
LAUGHS = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 9)) for n in range(9)
)

SMALL: dict[str, tuple[bytes, str, str]] = {
    "a billion laughs": (LAUGHS, "SYN005", "anchor `&a` lets a document grow"),
    "a merge of an anchor": (b"a: &x {b: 1}\nc: {<<: *x}\n", "SYN005", "alias `*x` lets a document grow"),
    "duplicate keys": (TEAM + b"kind: Policy\n", "SYN002", "key `kind` stands twice"),
    "a tag that runs code": (b"a: !!python/object/apply:os.system [id]\n", "SYN009", "tag `!!python/object"),
    "a local tag": (b"a: !secret x\n", "SYN009", "tag `!secret`"),
    "two documents": (TEAM + b"---\n" + TEAM, "SYN008", "a second document begins here"),
    "a zero byte": (b"a: x\x00y\n", "SYN007", "U+0000"),
    "a byte order mark": (b"\xef\xbb\xbf" + TEAM, "SYN007", "byte order mark"),
    "utf-16": (TEAM.decode().encode("utf-16"), "SYN007", "UTF-16"),
    "utf-16 without a mark": (TEAM.decode().encode("utf-16-le"), "SYN007", "UTF-16"),
    "utf-32": (TEAM.decode().encode("utf-32"), "SYN007", "UTF-16 or UTF-32"),
    "bad utf-8": (TEAM + b"# \xff\n", "SYN007", "bytes `ff`"),
    "overlong utf-8": (b"a: \xc0\xaf\n", "SYN007", "bytes `c0`"),
    "a surrogate in utf-8": (b"a: \xed\xa0\x80\n", "SYN007", "bytes `ed`"),
    "a bidirectional override": ("a: x\u202ey\n".encode(), "SYN007", "U+202E"),
    "a bidirectional isolate": ("# \u2066 allow \u2069\n".encode(), "SYN007", "U+2066"),
    "a zero-width space": ("adm\u200bin: 1\n".encode(), "SYN007", "U+200B"),
    "a zero-width joiner": ("a: x\u200dy\n".encode(), "SYN007", "U+200D"),
    "text in tag characters": ("a: x\U000e0061\U000e0062\n".encode(), "SYN007", "U+E0061"),
    "text in variation selectors": ("a: x\U000e0100\n".encode(), "SYN007", "U+E0100"),
    "a line separator": ("a: x # \u2028b: y\n".encode(), "SYN007", "U+2028"),
    "a terminal escape": (b"a: \x1b]0;owned\x07\n", "SYN007", "U+001B"),
    "a yaml 1.1 directive": (b"%YAML 1.1\n---\n" + TEAM, "SYN009", "a directive"),
    "a tag directive": (b"%TAG ! tag:x,2000:\n---\n" + TEAM, "SYN009", "a directive"),
    "an unknown version": (b"%YAML 9.9\n---\n" + TEAM, "SYN001", "no YAML"),
    "on as a key": (b"on: 1\n", "SYN006", "`on` is a truth value"),
    "no as a value": (b"a: no\n", "SYN006", "`no` is a truth value"),
    "a leading zero": (b"a: 012\n", "SYN006", "`012` is a number in base 8"),
    "a key that is a list": (b"? [a, b]\n: 1\n", "SYN006", "a key must be text"),
    "a question mark glued to a key": (b"a: {?b: 1}\n", "SYN006", "some readers take `?b`"),
    "a number of a huge exponent": (b"a: 1.0e+999999999\n", "SYN005", "longer or larger"),
    "nothing": (b"", "SYN003", "empty"),
    "an unclosed quote": (b"a: 'x\n" * 1000, "SYN001", "no YAML"),
    "a tab for indentation": (b"a:\n\tb: 1\n", "SYN001", "no YAML"),
}

LARGE: dict[str, tuple[bytes, str, str]] = {
    "one hundred thousand brackets": (b"a: " + b"[" * 100_000, "SYN005", "nested more than 64 levels"),
    "one hundred thousand braces": (b"{" * 100_000, "SYN005", "nested more than 64 levels"),
    "one hundred thousand dashes": (b"- " * 100_000, "SYN005", "nested more than 64 levels"),
    "two hundred thousand duplicate keys": (b"a: 1\n" * 200_000, "SYN005", "more than 50000 values"),
    "a number of a million digits": (b"a: " + b"9" * 1_000_000, "SYN005", "longer or larger"),
    "sixty-four megabytes": (b"a: x\n" + b"#" * (1 << 26), "SYN005", "at most 1048576 are read"),
    "a megabyte of one line": (b"a: [" + b"no, " * 260_000 + b"]", "SYN005", "more than 50000 values"),
    "a megabyte of hidden text": (("a: '" + "\u200bx" * 250_000 + "'").encode(), "SYN007", "U+200B"),
}


class Checked(NamedTuple):
    """How a check in a process of its own ended, and what it cost."""

    code: int
    diagnostics: list[dict[str, Any]]
    errors: str
    cpu_seconds: float
    rss_mib: float


# The kernel counts the memory of whoever starts a process as the process's own, so a small one starts it.
STARTER = """
import json, os, pathlib, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
cost = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
pathlib.Path(sys.argv[1]).write_text(json.dumps(cost))
"""


def checked(root: Path, out: Path) -> Checked:
    """Runs `remit check --format json` on a folder and measures that one process."""
    check = [sys.executable, "-m", "remit", "check", str(root), "--format", "json"]
    starter = [sys.executable, "-I", "-S", "-c", STARTER, str(out / "cost")]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPYCACHEPREFIX": str(out / "bytecode")}
    ran = subprocess.run([*starter, *check], env=environment, capture_output=True, check=True)
    code, cpu_seconds, rss_mib = json.loads((out / "cost").read_bytes())
    diagnostics = json.loads(ran.stdout or b'{"diagnostics": []}')["diagnostics"]
    return Checked(code, diagnostics, ran.stderr.decode(errors="replace"), cpu_seconds, rss_mib)


@pytest.fixture(scope="module")
def most_seconds(out: Path) -> float:
    """The CPU seconds that a check may take, on a machine as busy as this one is now."""
    harmless = out / "harmless"
    harmless.mkdir()
    (harmless / "remit.yaml").write_bytes(b"apiVersion: remit/v1\norganisation: acme\n")
    cost = sorted(checked(harmless, out).cpu_seconds for _ in range(3))[1]
    return max(MAX_CPU_SECONDS, MAX_CPU_RATIO * cost)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a check leaves its cost, and the bytecode of an installed program, which a first check writes."""
    folder = tmp_path_factory.mktemp("out")
    checked(folder, folder)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "policies").mkdir(parents=True)
    (root / "remit.yaml").write_bytes(b"apiVersion: remit/v1\norganisation: acme\n")
    return root


def is_bounded(result: Checked, most_seconds: float) -> bool:
    """Whether the check said what is wrong and ended as it should, at a small cost."""
    assert (result.errors, result.code) == ("", 1)
    assert result.cpu_seconds < most_seconds
    return result.rss_mib < MAX_RSS_MIB


def is_told(result: Checked, code: str, words: str, path: str) -> bool:
    """Whether a finding of the file has the code and the words."""
    return any(
        (found["code"], found["path"]) == (code, path) and words in found["message"]
        for found in result.diagnostics
    )


def test_hostile_files_are_all_refused_in_one_run(repository: Path, out: Path, most_seconds: float) -> None:
    for attack, (content, _, _) in SMALL.items():
        (repository / "policies" / f"{attack}.yaml").write_bytes(content)

    result = checked(repository, out)

    assert is_bounded(result, most_seconds)
    missed = {
        attack
        for attack, facts in SMALL.items()
        if not is_told(result, *facts[1:], f"policies/{attack}.yaml")
    }
    assert missed == set()


@pytest.mark.parametrize("attack", LARGE)
def test_a_large_hostile_file_is_refused(
    attack: str, repository: Path, out: Path, most_seconds: float
) -> None:
    content, code, words = LARGE[attack]
    (repository / "policies/hostile.yaml").write_bytes(content)

    result = checked(repository, out)

    assert is_bounded(result, most_seconds)
    assert is_told(result, code, words, "policies/hostile.yaml")


def a_link_to_itself(folder: Path) -> None:
    (folder / "itself.yaml").symlink_to("itself.yaml")


def a_link_out_of_the_repository(folder: Path) -> None:
    (folder / "passwd.yaml").symlink_to("/etc/passwd")


def a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")


def a_name_that_is_no_utf8(folder: Path) -> None:
    os.close(os.open(os.fsencode(folder) + b"/\xff.yaml", os.O_CREAT))


def a_name_in_another_order(folder: Path) -> None:
    (folder / "\u202elmay.yaml").touch()


def a_name_of_two_lines(folder: Path) -> None:
    (folder / "a\n::error::b.yaml").touch()


ENTRIES = {
    "itself.yaml": (a_link_to_itself, "SYN003", "symbolic link"),
    "passwd.yaml": (a_link_out_of_the_repository, "SYN003", "symbolic link"),
    "pipe.yaml": (a_pipe, "SYN003", "no regular file"),
    "\\xff.yaml": (a_name_that_is_no_utf8, "SYN007", "no UTF-8"),
    "\u202elmay.yaml": (a_name_in_another_order, "SYN007", "U+202E"),
    "a\n::error::b.yaml": (a_name_of_two_lines, "SYN007", "U+000A"),
}


def test_hostile_entries_of_a_folder_are_all_refused_in_one_run(
    repository: Path, out: Path, most_seconds: float
) -> None:
    for make, _, _ in ENTRIES.values():
        make(repository / "policies")

    result = checked(repository, out)

    assert is_bounded(result, most_seconds)
    missed = {name for name, facts in ENTRIES.items() if not is_told(result, *facts[1:], f"policies/{name}")}
    assert missed == set()


def test_a_loop_of_folders_is_not_walked(repository: Path, out: Path) -> None:
    (repository / "policies/again").symlink_to(repository, target_is_directory=True)

    result = checked(repository, out)

    assert (result.code, result.diagnostics, result.errors) == (0, [], "")


def test_a_terminal_that_knows_ascii_only_gets_every_finding(repository: Path) -> None:
    (repository / "policies/caf\u00e9.yaml").write_text("\u6f22: no # " + "\u5b57" * 200)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "remit", "check", str(repository)]

    done = subprocess.run(command, env=environment, capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (1, b"")
    assert b"SYN006" in done.stdout
    assert b"caf\\xe9.yaml" in done.stdout
