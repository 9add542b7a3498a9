"""The layout of a bundle: one form for one content, and every other form refused."""

from __future__ import annotations

import mmap
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.container import MAGIC, build, read
from remit_runtime.bundle.limits import MAX_FILE_BYTES, MAX_MANIFEST_BYTES, MAX_OBJECT_BYTES, MAX_OBJECTS
from remit_runtime.bundle.manifest import AgentEntry, Manifest, StoredObject
from remit_runtime.bundle.words import FORMAT
from remit_runtime.canonical import Digest, canonical_json, decode_strict, digest_of
from remit_runtime.errors import BundleRejected

if TYPE_CHECKING:
    from conftest import Parts, TinyBundle

_HEADER = len(MAGIC) + 8


@pytest.fixture
def parts(tiny_bundle: TinyBundle) -> Parts:
    return tiny_bundle.parts


@pytest.fixture
def good(parts: Parts) -> bytes:
    return parts.sealed()[0]


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The manifest's bytes, and the objects'."""
    length = int.from_bytes(data[len(MAGIC) : _HEADER], "big")
    return data[_HEADER : _HEADER + length], data[_HEADER + length :]


def _joined(manifest: bytes, objects: bytes) -> bytes:
    return MAGIC + len(manifest).to_bytes(8, "big") + manifest + objects


def _with_manifest(data: bytes, **changes: object) -> bytes:
    """The bundle under another manifest, its bytes otherwise the same."""
    manifest, objects = _split(data)
    changed = msgspec.structs.replace(decode_strict(manifest, Manifest), **changes)
    return _joined(canonical_json(changed), objects)


def _refusal(data: bytes | memoryview) -> str:
    with pytest.raises(BundleRejected) as refused:
        read(data)
    return refused.value.code


def test_what_is_built_is_read_back(parts: Parts, good: bytes) -> None:
    contents = read(good)

    assert [entry.id for entry in contents.manifest.agents] == ["acme.commits", "acme.digest"]
    assert {digest: contents.objects.bytes_of(digest) for digest in contents.objects.places} == parts.objects
    assert good.startswith(b"REMITB0\n")


def test_the_order_of_objects_does_not_change_a_byte(parts: Parts, good: bytes) -> None:
    shuffler = random.Random(7)
    for _ in range(20):
        items = list(parts.objects.items())
        shuffler.shuffle(items)
        assert build(parts.manifest, dict(items)) == good


def test_building_again_from_what_was_read_gives_the_same_bytes(good: bytes) -> None:
    contents = read(good)
    objects = {digest: contents.objects.bytes_of(digest) for digest in contents.objects.places}

    assert build(contents.manifest, objects) == good


def test_an_object_under_a_foreign_digest_is_our_own_bug(parts: Parts) -> None:
    parts.objects[Digest("sha256:" + "1" * 64)] = b"{}"

    with pytest.raises(RuntimeError):
        build(parts.manifest, parts.objects)


@pytest.mark.parametrize("length", range(24))
def test_a_file_cut_inside_its_header_is_refused(good: bytes, length: int) -> None:
    assert _refusal(good[:length]) in {"not_a_bundle", "truncated"}


def test_every_hundredth_truncation_is_refused(good: bytes) -> None:
    for length in range(0, len(good), max(1, len(good) // 100)):
        _refusal(good[:length])


def test_an_appended_byte_is_refused(good: bytes) -> None:
    assert _refusal(good + b"x") == "trailing_bytes"


def test_another_format_is_named_as_such(good: bytes) -> None:
    assert _refusal(b"REMITB1\n" + good[len(MAGIC) :]) == "format_unknown"
    assert _refusal(_with_manifest(good, format=FORMAT + 1)) == "format_unknown"


@pytest.mark.parametrize(
    "start", [b"PK\x03\x04", b"remitb0\n", b"REMITBX\n", b"REMITB0 ", b"REMITB1", b"XREMITB1\n"]
)
def test_another_file_is_no_bundle(start: bytes) -> None:
    assert _refusal(start + b"\0" * 60) == "not_a_bundle"


def test_a_file_cut_inside_its_objects_says_so(good: bytes) -> None:
    assert _refusal(good[:-1]) == "truncated"


def test_more_objects_than_the_limit_are_refused(good: bytes) -> None:
    table = tuple(StoredObject(Digest(f"sha256:{n:064x}"), 0) for n in range(MAX_OBJECTS + 1))

    assert _refusal(_with_manifest(good, objects=table)) == "too_many_objects"


def test_a_huge_manifest_length_is_refused_before_reading(good: bytes) -> None:
    assert _refusal(MAGIC + (1 << 62).to_bytes(8, "big") + good[_HEADER:]) == "manifest_too_large"
    assert _refusal(MAGIC + MAX_MANIFEST_BYTES.to_bytes(8, "big") + good[_HEADER:]) == "truncated"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"agents":', b'{"agents":[],"agents":'),
        (b'{"agents":', b'{ "agents":'),
        (b'"format":0', b'"format":0.0'),
        (b'"format":0', b'"format":0,"zzz":1'),
        (b'"format":0', b'"format":"0"'),
        (b'"acme"', b'"\\u0061cme"'),
        (b'"acme"', b"[" * 200_000),
        (b'"acme"', b'"\xff"'),
    ],
    ids=["duplicate-key", "blank", "float", "unknown-key", "wrong-type", "escape", "brackets", "not-utf-8"],
)
def test_a_manifest_in_any_other_form_is_refused(good: bytes, old: bytes, new: bytes) -> None:
    manifest, objects = _split(good)
    assert old in manifest

    assert _refusal(_joined(manifest.replace(old, new, 1), objects)) == "manifest_malformed"


def test_a_table_out_of_order_is_refused(good: bytes) -> None:
    table = read(good).manifest.objects

    assert _refusal(_with_manifest(good, objects=table[::-1])) == "table_unordered"


def test_an_object_listed_twice_is_refused(good: bytes) -> None:
    table = read(good).manifest.objects

    assert _refusal(_with_manifest(good, objects=(table[0], *table))) == "table_unordered"


def test_lengths_that_would_overlap_are_refused(good: bytes) -> None:
    first, second, *rest = read(good).manifest.objects
    shifted = (
        StoredObject(first.digest, first.length + 1),
        StoredObject(second.digest, second.length - 1),
        *rest,
    )

    assert _refusal(_with_manifest(good, objects=shifted)) == "object_digest"


@pytest.mark.parametrize("length", [-1, MAX_OBJECT_BYTES + 1])
def test_a_length_outside_the_limits_is_refused(good: bytes, length: int) -> None:
    first, *rest = read(good).manifest.objects
    changed = (StoredObject(first.digest, length), *rest)

    assert _refusal(_with_manifest(good, objects=changed)) == "object_too_large"


def test_a_digest_that_is_none_is_refused(good: bytes) -> None:
    first, *rest = read(good).manifest.objects
    changed = (StoredObject(Digest("sha256:../../etc/passwd"), first.length), *rest)

    assert _refusal(_with_manifest(good, objects=changed)) == "table_unordered"


def test_an_object_that_nothing_names_is_refused(parts: Parts) -> None:
    hidden = b'{"hidden":true}'
    parts.objects[digest_of(hidden)] = hidden

    assert _refusal(parts.sealed()[0]) == "object_unreferenced"


def test_any_missing_object_is_refused(parts: Parts) -> None:
    for missing in sorted(parts.objects):
        objects = {digest: data for digest, data in parts.objects.items() if digest != missing}
        assert _refusal(build(parts.manifest, objects)) == "object_missing"


def test_an_object_with_blanks_is_refused(parts: Parts) -> None:
    entry = parts.manifest.agents[0]
    padded = parts.objects.pop(entry.closure) + b" "
    parts.objects[digest_of(padded)] = padded
    agents = (msgspec.structs.replace(entry, closure=digest_of(padded)), *parts.manifest.agents[1:])
    changed = replace(parts, manifest=msgspec.structs.replace(parts.manifest, agents=agents))

    assert _refusal(changed.sealed()[0]) == "object_malformed"


@pytest.mark.parametrize(
    "change", [{"id": "acme.other"}, {"version": "9.9.9"}], ids=["another-id", "another-version"]
)
def test_an_entry_that_calls_its_agent_otherwise_is_refused(parts: Parts, change: dict[str, str]) -> None:
    first, *rest = parts.manifest.agents
    entry = msgspec.structs.replace(first, **change)
    agents = tuple(sorted((entry, *rest), key=lambda one: one.id))
    changed = replace(parts, manifest=msgspec.structs.replace(parts.manifest, agents=agents))

    assert _refusal(changed.sealed()[0]) == "identity_mismatch"


def test_a_tool_pinned_under_another_name_is_refused(parts: Parts) -> None:
    first, *rest = parts.manifest.agents
    agent = decode_strict(parts.objects.pop(first.closure), AgentIR)
    renamed = msgspec.structs.replace(agent, tools=(msgspec.structs.replace(agent.tools[0], id="git.push"),))
    entry = AgentEntry(first.id, first.version, parts.put(renamed), first.card)
    changed = replace(parts, manifest=msgspec.structs.replace(parts.manifest, agents=(entry, *rest)))

    assert _refusal(changed.sealed()[0]) == "identity_mismatch"


@pytest.mark.parametrize("turn", [slice(None, None, -1), slice(0, 1)], ids=["reversed", "twice"])
def test_agents_out_of_order_or_twice_are_refused(good: bytes, turn: slice) -> None:
    agents = read(good).manifest.agents
    changed = agents[turn] if turn.step else (agents[0], agents[0])

    assert _refusal(_with_manifest(good, agents=changed)) == "agents_unordered"


def test_bytes_beyond_the_limit_are_refused_before_anything_else() -> None:
    untouched = mmap.mmap(-1, MAX_FILE_BYTES + 1)  # pages that nobody touches cost nothing

    assert _refusal(memoryview(untouched)) == "too_large"


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_with_a_typed_error(data: bytes) -> None:
    _refusal(data)
    _refusal(MAGIC + data)
    _refusal(_joined(data, b""))
