"""Packing: what was read is in the packet whole, or it is named among the excluded with its reason."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.agent import ContextSourceIR
from remit_runtime.canonical import digest_of
from remit_runtime.context.packet import Found, Lacking, packed, summary_of
from remit_runtime.journal.events import ContextPacked

MINUTE = 60_000


def source(name: str = "policy", **changes: Any) -> ContextSourceIR:
    plain = ContextSourceIR(name, "file", f"{name}.md", None, None, "untrusted", 100, None)
    return msgspec.structs.replace(plain, **changes)


def found(name: str = "policy", text: str = "Be kind.", age_ms: int | None = 0, **changes: Any) -> Found:
    return Found(source(name, **changes), text, f"file repository:{name}.md@c0ffee", age_ms)


def packet_of(*reads: Found | Lacking, required: tuple[str, ...] = (), limit: int = 1_000) -> ContextPacked:
    return packed("gather", reads, required, limit, len)


def codes(packet: ContextPacked) -> dict[str, str]:
    return {one.id: one.code for one in packet.excluded}


def test_a_source_is_held_with_its_trust_age_size_and_text() -> None:
    packet = packet_of(found(age_ms=3 * MINUTE, trust="trusted"))
    [held] = packet.sources
    assert (held.id, held.type, held.trust, held.freshness_ms) == ("policy", "file", "trusted", 3 * MINUTE)
    assert (held.tokens, held.text, held.digest) == (8, "Be kind.", digest_of(b"Be kind."))
    assert (packet.tokens, packet.excluded, packet.failed) == (8, (), None)


@pytest.mark.parametrize("kind", ["tool", "task"])
def test_only_a_file_is_ever_trusted(kind: str) -> None:
    [held] = packet_of(found(type=kind, trust="trusted")).sources
    assert held.trust == "untrusted"


@pytest.mark.parametrize(
    ("age_ms", "code"),
    [(10 * MINUTE, None), (10 * MINUTE + 1, "stale"), (None, "age_unknown"), (-1, "age_unknown")],
)
def test_an_age_that_is_limited_must_be_known_and_small(age_ms: int | None, code: str | None) -> None:
    packet = packet_of(found(age_ms=age_ms, max_age_milliseconds=10 * MINUTE))
    assert codes(packet).get("policy") == code


def test_a_source_without_an_age_limit_may_be_of_any_age() -> None:
    assert [one.freshness_ms for one in packet_of(found(age_ms=None), found("b", age_ms=-5)).sources] == [
        None,
        None,
    ]


def test_a_source_over_its_own_limit_is_left_out_and_never_cut() -> None:
    packet = packet_of(found(text="x" * 100), found("long", text="x" * 101))
    assert [len(one.text) for one in packet.sources] == [100]
    assert packet.excluded[0].reason == "it has 101 tokens, and may have 100"
    assert codes(packet) == {"long": "over_max_tokens"}


def test_the_last_optional_source_goes_first_where_the_packet_is_too_large() -> None:
    reads = [found(name, text="x" * 40) for name in ("first", "second", "third")]
    packet = packet_of(*reads, required=("third",), limit=100)
    assert [one.id for one in packet.sources] == ["first", "third"]
    assert codes(packet) == {"second": "over_input_limit"}
    assert packet.failed is None


def test_a_required_source_that_does_not_fit_fails_the_packet() -> None:
    reads = [found(name, text="x" * 60) for name in ("first", "second")]
    packet = packet_of(*reads, required=("first", "second"), limit=100)
    assert (packet.failed, codes(packet)) == ("second", {"second": "over_input_limit"})


def test_a_required_source_that_is_lacking_fails_the_packet() -> None:
    reads = (Lacking(source("gone"), "missing", "no file"), found())
    packet = packet_of(*reads, required=("gone",))
    assert (packet.failed, [one.id for one in packet.sources]) == ("gone", ["policy"])


def test_an_optional_source_that_is_lacking_is_listed() -> None:
    packet = packet_of(Lacking(source("gone"), "denied", "by policy"))
    assert (packet.failed, codes(packet)) == (None, {"gone": "denied"})


def test_the_id_of_a_packet_knows_no_time() -> None:
    assert packet_of(found(age_ms=1)).packet == packet_of(found(age_ms=99 * MINUTE)).packet


@pytest.mark.parametrize(
    "other",
    [
        found(text="Be kind!"),
        found(trust="trusted"),
        found("other"),
        Lacking(source(), "missing", "no file"),
    ],
)
def test_the_id_of_a_packet_is_of_all_that_is_in_it(other: Found | Lacking) -> None:
    assert packet_of(found()).packet != packet_of(other).packet


def test_the_summary_holds_no_text() -> None:
    summary = summary_of(packet_of(found(), Lacking(source("gone"), "missing", "no file")))
    assert summary["excluded"] == [{"id": "gone", "code": "missing"}]
    assert "Be kind" not in str(summary)


def read_of(number: int, text: str, lacks: bool) -> Found | Lacking:
    name = f"s{number}"
    return Lacking(source(name), "missing", "no file") if lacks else found(name, text=text)


READS = st.lists(
    st.builds(read_of, st.integers(0, 30), st.text(max_size=120), st.booleans()),
    max_size=8,
    unique_by=lambda read: read.source.id,
)


@given(reads=READS, required=st.sets(st.integers(0, 30)), limit=st.integers(0, 300))
def test_every_source_is_packed_whole_or_named(
    reads: list[Found | Lacking], required: set[int], limit: int
) -> None:
    names = tuple(f"s{n}" for n in required)
    packet = packet_of(*reads, required=names, limit=limit)
    held = {one.id: one.text for one in packet.sources}
    left_out = {one.id for one in packet.excluded}
    assert held.keys() | left_out == {read.source.id for read in reads}
    assert not held.keys() & left_out
    assert all(held.get(read.source.id, read.text) == read.text for read in reads if isinstance(read, Found))
    assert packet.tokens == sum(one.tokens for one in packet.sources) <= limit
    assert (packet.failed is None) == (not left_out & set(names))


@given(reads=READS, limit=st.integers(0, 300))
def test_packing_twice_gives_one_packet(reads: list[Found | Lacking], limit: int) -> None:
    assert packet_of(*reads, limit=limit) == packet_of(*reads, limit=limit)
