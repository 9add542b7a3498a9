"""Outside `dev` an approval is a signature by a key that this machine lists, over exactly what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.canonical import canonical_json
from remit_runtime.errors import RunRefused, TrustInvalid
from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
    ToolDecided,
    ToolIntended,
)
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import Signer, answer_approval
from remit_runtime.run.approval import statement_of
from remit_runtime.trust.approvers import ApprovalStatement, approvers_of, signed
from remit_runtime.trust.envelope import signed as signed_bytes
from remit_runtime.trust.keys import PrivateKey, new_private_key
from remit_runtime.trust.roots import FILE

RUN = "run_1"
MakeWorld = Callable[..., Any]


def listed(key: PrivateKey, person: str | None = None) -> str:
    who = "" if person is None else f'person = "{person}"\n'
    return f'\n[approvers.{key.public.keyid}]\nscheme = "ed25519"\npublic = "{key.public.raw.hex()}"\n{who}'


def trust(world: Any, *tables: str) -> None:
    """Adds approvers to the machine's trust."""
    path: Path = world.runtime.home / FILE
    path.write_text(path.read_text("utf-8") + "".join(tables), "utf-8")


def sign(world: Any, key: PrivateKey, decision: Any = "approved") -> Any:
    signer = Signer(Person(f"key:{key.public.keyid}", "signature"), key)
    return answer_approval(world.desk, RUN, None, decision, signer, "as reviewed")


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(RunRefused) as caught:
        act()
    return caught.value.code


@pytest.fixture
def key() -> PrivateKey:
    return new_private_key()


@pytest.fixture
def world(make_signed_world: MakeWorld, key: PrivateKey) -> Any:
    """A run of `production` that waits, on a machine that knows ada's key."""
    world = make_signed_world()
    trust(world, listed(key, "os:ada"))
    world.start()
    return world


def test_a_key_that_the_machine_lists_approves_by_its_signature(world: Any, key: PrivateKey) -> None:
    assert sign(world, key).outcome == "approved"
    given = world.last(ApprovalGiven)
    assert (given.by, given.asserted) == (f"key:{key.public.keyid}", False)
    assert json.loads(given.signature)["payloadType"] == "application/vnd.remit.approval.v0+json"
    assert world.resume().reason == "succeeded"


def test_a_signature_denies_too(world: Any, key: PrivateKey) -> None:
    assert sign(world, key, "denied").outcome == "denied"
    assert world.resume().reason == "rejected"


def test_neither_a_user_nor_a_claim_is_enough(world: Any) -> None:
    assert refusal_of(lambda: world.answer("os:ada")) == "signature_missing"
    assert refusal_of(lambda: world.answer("os:ada", proof="asserted")) == "principal_asserted"
    assert refusal_of(lambda: world.answer("os:ada", "denied")) == "signature_missing"


def test_a_key_that_the_machine_does_not_list_is_refused(world: Any) -> None:
    assert refusal_of(lambda: sign(world, new_private_key())) == "approver_unknown"
    rows = [row for row in world.runtime.journal.audit_rows(RUN) if row.event == "approval_refused"]
    assert [row.code for row in rows] == ["approver_unknown"]


def test_a_key_of_somebody_without_the_role_is_refused(world: Any) -> None:
    other = new_private_key()
    trust(world, listed(other, "os:eve"))
    assert refusal_of(lambda: sign(world, other)) == "approver_without_role"
    nobody = new_private_key()
    trust(world, listed(nobody))
    assert refusal_of(lambda: sign(world, nobody)) == "approver_without_role"


def test_a_root_key_approves_nothing(world: Any, private_keys: tuple[PrivateKey, ...]) -> None:
    assert refusal_of(lambda: sign(world, private_keys[0])) == "approver_unknown"


def test_who_asked_cannot_approve_with_a_key_of_theirs(make_signed_world: MakeWorld, key: PrivateKey) -> None:
    world = make_signed_world()
    trust(world, listed(key, "os:ada"))
    world.user = "os:ada"
    world.start()
    assert refusal_of(lambda: sign(world, key)) == "approver_is_requester"


def test_two_keys_of_one_person_are_one_person(
    make_signed_world: MakeWorld, key: PrivateKey, ask: Any
) -> None:
    world = make_signed_world(asks=ask(count=2))
    second, third = new_private_key(), new_private_key()
    trust(world, listed(key, "os:ada"), listed(second, "os:ada"), listed(third, "os:bob"))
    world.start()
    assert sign(world, key).outcome is None
    assert refusal_of(lambda: sign(world, second)) == "approver_answered"
    assert sign(world, third).outcome == "approved"


def test_a_key_that_is_no_longer_listed_when_it_is_used_approves_nothing(world: Any, key: PrivateKey) -> None:
    sign(world, key)
    path: Path = world.runtime.home / FILE
    path.write_text(path.read_text("utf-8").replace(listed(key, "os:ada"), ""), "utf-8")
    assert world.resume().reason == "rejected"
    assert (world.last(ToolDecided).code, world.count(ToolIntended)) == ("approval_invalid", 0)


# ---- a journal that somebody has written

Change = Callable[[ApprovalStatement], ApprovalStatement]


def put(world: Any, signature: str | None, by: str) -> None:
    """An answer that nobody judged, chained like every other."""
    asked, journal = world.last(ApprovalRequested), world.runtime.journal
    given = ApprovalGiven(
        asked.approval, asked.state, "approved", by, False, "as reviewed", world.clock.now_ms, signature
    )
    settled = ApprovalSettled(asked.approval, asked.state, "approved", (by,))
    assert journal.answer(RUN, journal.read(RUN).seq, [given, settled]) is None


def statement(world: Any, key: PrivateKey) -> ApprovalStatement:
    asked, started = world.last(ApprovalRequested), world.events()[0]
    return statement_of(RUN, started, asked, "approved", "as reviewed", f"key:{key.public.keyid}")


def test_the_right_statement_holds_wherever_it_was_signed(world: Any, key: PrivateKey) -> None:
    put(world, signed(statement(world, key), key), f"key:{key.public.keyid}")
    assert world.resume().reason == "succeeded"


OTHER = "sha256:" + "1" * 64


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("approval", "run_1:99"),
        ("decision", "denied"),
        ("subject", OTHER),
        ("requirement", "other"),
        ("run", "run_2"),
        ("agent", "acme.other"),
        ("version", "9.9.9"),
        ("bundle", OTHER),
        ("environment", "dev"),
        ("expires_ms", 9_999_999_999_999),
        ("reason", "another reason"),
        ("signer", "os:ada"),
    ],
)
def test_a_signature_over_anything_else_approves_nothing(
    world: Any, key: PrivateKey, field: str, value: Any
) -> None:
    import msgspec

    changed = msgspec.structs.replace(statement(world, key), **{field: value})
    put(world, signed(changed, key), f"key:{key.public.keyid}")
    assert world.resume().reason == "rejected"
    assert (world.last(ToolDecided).code, world.count(ToolIntended)) == ("approval_invalid", 0)


def test_no_signature_no_key_and_no_other_payload_type_approves(
    make_signed_world: MakeWorld, key: PrivateKey
) -> None:
    world = make_signed_world()
    trust(world, listed(key, "os:ada"))
    world.start()
    by = f"key:{key.public.keyid}"
    right = statement(world, key)
    stranger = signed(right, new_private_key())
    attestation = signed_bytes(canonical_json(right), [key]).decode()
    broken = json.loads(signed(right, key))
    broken["signatures"][0]["sig"] = broken["signatures"][0]["sig"][::-1]
    for signature in (None, stranger, attestation, json.dumps(broken), "{}", ""):
        asked = world.last(ApprovalRequested)
        given = ApprovalGiven(
            asked.approval, asked.state, "approved", by, False, "as reviewed", world.clock.now_ms, signature
        )
        from remit_runtime.policy.approvals import forum, outcome_of
        from remit_runtime.run.approval import answers_of
        from remit_runtime.run.asked import Asked

        started = world.events()[0]
        answers = answers_of(RUN, started, Asked(asked, (given,)), approvers_of(world.runtime.home))
        where = forum(world.bundle.policy(), "owner", "production", "os:root")
        assert where is not None
        assert outcome_of(where, answers) is None


# ---- trust.toml


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ('[approvers.abc]\nscheme = "ed25519"\npublic = "00"\n', "key_malformed"),
        ('[approvers.abc]\nscheme = "rsa"\npublic = "00"\n', "key_malformed"),
        ("{id}person = 'github:acme/owners'\n", "trust_malformed"),
        ("{id}person = 'os:*'\n", "trust_malformed"),
        ("{id}roles = ['owner']\n", "trust_malformed"),
    ],
)
def test_an_approver_that_does_not_hold_refuses_the_whole_file(
    make_signed_world: MakeWorld, key: PrivateKey, table: str, code: str
) -> None:
    world = make_signed_world()
    world.start()
    trust(world, table.replace("{id}", listed(key)))
    with pytest.raises(TrustInvalid) as caught:
        approvers_of(world.runtime.home)
    assert caught.value.code == code
    with pytest.raises(TrustInvalid):
        sign(world, key)


def test_a_home_without_trust_knows_no_approver(tmp_path: Path) -> None:
    assert approvers_of(tmp_path) == {}
