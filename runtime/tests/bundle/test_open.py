"""A verified bundle gives its objects, typed, and only those it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from remit_runtime.bundle.agent import PromptIR
from remit_runtime.bundle.graph import DecideState
from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.errors import BundleRejected, RunRefused

if TYPE_CHECKING:
    from conftest import TinyBundle


def test_a_bundle_gives_every_object_it_holds(tiny_bundle: TinyBundle) -> None:
    bundle = tiny_bundle.open()
    agent = bundle.agent("acme.digest")
    think, _ = (state for state in agent.graph.states if isinstance(state, DecideState))

    assert [entry.id for entry in bundle.agents()] == ["acme.commits", "acme.digest"]
    assert digest_of(canonical_json(agent)) == bundle.entry("acme.digest").closure
    assert bundle.card(bundle.entry("acme.digest").card).owner == "dev"
    assert bundle.tool(agent.tools[0].object).id == "git.log"
    assert bundle.model(agent.models[0].object).provider == "scripted"
    assert isinstance(bundle.prompt(think.prompt), PromptIR)
    assert bundle.schema(bundle.tool(agent.tools[0].object).input).startswith(
        b'{"additionalProperties":false'
    )
    assert bundle.policy().rules[0].layer == "organisation"
    assert bundle.source_map().places[0].line == 7
    assert bundle.digest == tiny_bundle.digest


def test_an_object_is_decoded_once(tiny_bundle: TinyBundle) -> None:
    bundle = tiny_bundle.open()

    assert bundle.policy() is bundle.policy()


def test_an_unknown_agent_cannot_run(tiny_bundle: TinyBundle) -> None:
    with pytest.raises(RunRefused) as refused:
        tiny_bundle.open().agent("acme.nobody")

    assert refused.value.code == "agent_unknown"


def test_an_object_asked_for_as_another_kind_is_refused(tiny_bundle: TinyBundle) -> None:
    bundle = tiny_bundle.open()

    with pytest.raises(BundleRejected) as refused:
        bundle.tool(bundle.entry("acme.digest").closure)

    assert refused.value.code == "object_malformed"


def test_an_object_that_is_not_there_is_refused(tiny_bundle: TinyBundle) -> None:
    with pytest.raises(BundleRejected) as refused:
        tiny_bundle.open().prompt(Digest("sha256:" + "0" * 64))

    assert refused.value.code == "object_missing"


def test_a_file_rewritten_after_opening_changes_nothing(tiny_bundle: TinyBundle) -> None:
    bundle = tiny_bundle.open()
    before = {digest: bundle.contents.objects.bytes_of(digest) for digest in bundle.contents.objects.places}

    size = tiny_bundle.path.stat().st_size
    tiny_bundle.path.write_bytes(b"EVIL" * size)

    after = {digest: bundle.contents.objects.bytes_of(digest) for digest in bundle.contents.objects.places}
    assert after == before


def test_a_verified_bundle_cannot_be_changed(tiny_bundle: TinyBundle) -> None:
    bundle = tiny_bundle.open()

    with pytest.raises(AttributeError):
        bundle.environment = "production"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(AttributeError):
        bundle.agent("acme.digest").risk = "low"  # type: ignore[misc] # pyright: ignore[reportAttributeAccessIssue]
