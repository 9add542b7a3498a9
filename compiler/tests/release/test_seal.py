"""Sealing gives the same bytes for the same parts, and refuses what would not load."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from remit.release.seal import seal
from remit_runtime.bundle.container import read
from remit_runtime.canonical import Digest, canonical_json, digest_of

if TYPE_CHECKING:
    from tests.release.conftest import MakeParts

_ELSEWHERE = """
import json, sys
from remit.release.seal import Sealable, seal
from remit_runtime.bundle.manifest import AgentEntry, Library
given = json.load(sys.stdin)
objects = {digest: text.encode() for digest, text in set(given["objects"].items())}
print(seal(Sealable("acme", "remit/v1", "dev", tuple(AgentEntry(*one) for one in given["agents"]), given["policy"],
    given["source_map"], tuple(Library(*one) for one in given["libraries"]), objects)).digest)
"""


def test_the_order_of_the_parts_does_not_change_a_byte(make_parts: MakeParts) -> None:
    parts = make_parts()
    expected = seal(parts).data
    shuffler = random.Random(3)
    for _ in range(20):
        items = list(parts.objects.items())
        shuffler.shuffle(items)
        assert seal(replace(parts, agents=parts.agents[::-1], objects=dict(items))).data == expected


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C"},
        {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "SOURCE_DATE_EPOCH": "1"},
    ],
)
def test_another_process_place_zone_and_hash_seed_give_the_same_bytes(
    make_parts: MakeParts, tmp_path: Path, environment: dict[str, str]
) -> None:
    parts = make_parts()
    given = {
        "objects": {digest: data.decode() for digest, data in parts.objects.items()},
        "agents": [[one.id, one.version, one.closure, one.card] for one in parts.agents],
        "policy": parts.policy,
        "source_map": parts.source_map,
        "libraries": [[one.id, one.digest] for one in parts.libraries],
    }
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE],
        input=canonical_json(given),
        capture_output=True,
        env={**os.environ, **environment},
        cwd=tmp_path,
        umask=0o077,
        check=True,
    )

    assert done.stdout.decode().strip() == seal(parts).digest


def test_the_digest_is_that_of_the_whole_file(make_parts: MakeParts) -> None:
    sealed = seal(make_parts())

    assert sealed.digest == digest_of(sealed.data)
    assert read(sealed.data).manifest == sealed.manifest


def test_an_owner_changes_the_bundle_and_no_closure(make_parts: MakeParts) -> None:
    before, after = seal(make_parts()), seal(make_parts(owner="somebody-else"))

    assert before.digest != after.digest
    assert [one.closure for one in before.manifest.agents] == [one.closure for one in after.manifest.agents]


def test_a_limit_changes_the_closure(make_parts: MakeParts) -> None:
    before, after = seal(make_parts()), seal(make_parts(steps=10))

    assert all(
        one.closure != other.closure
        for one, other in zip(before.manifest.agents, after.manifest.agents, strict=True)
    )


def test_a_part_that_nothing_names_is_our_own_bug(make_parts: MakeParts) -> None:
    parts = make_parts()
    extra = {**parts.objects, digest_of(b"{}"): b"{}"}

    with pytest.raises(RuntimeError, match="nothing in the bundle names"):
        seal(replace(parts, objects=extra))


def test_a_part_that_is_missing_is_our_own_bug(make_parts: MakeParts) -> None:
    parts = make_parts()
    for digest in parts.objects:
        with pytest.raises(RuntimeError):
            seal(replace(parts, objects={one: data for one, data in parts.objects.items() if one != digest}))


def test_a_schema_in_another_form_is_our_own_bug(make_parts: MakeParts) -> None:
    parts = make_parts()
    found = next(digest for digest, data in parts.objects.items() if b"maxProperties" in data)
    # The form that a plain encoder writes, and RFC 8785 does not.
    spelt = parts.objects[found].replace(b"1e+21", b"1e21")
    moved = {
        digest: data.replace(found.encode(), digest_of(spelt).encode())
        for digest, data in parts.objects.items()
    }
    renamed: dict[Digest, bytes] = {}
    for data in moved.values():
        renamed[digest_of(data)] = data

    with pytest.raises(RuntimeError):
        seal(replace(parts, objects=renamed))
