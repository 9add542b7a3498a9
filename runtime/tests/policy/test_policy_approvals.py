"""What answers come to: distinct people of the role, none of them who asked, and one denial ends it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.policy import ApprovalRequirement, Member, TeamIR
from remit_runtime.policy.approvals import Answer, Forum, Person, holders_of, outcome_of, refusal_of, roles_of

OWNERS = ("os:ada", "os:bob", "key:" + "a" * 64, "github:acme/owners")
TEAM = TeamIR("t", (*(Member(name, ("owner",)) for name in OWNERS), Member("os:eve", ("reader",))))
ANY = TeamIR("dev", (Member("os:*", ("owner",)),))


def forum(count: int = 1, environment: str = "dev", teams: tuple[TeamIR, ...] = (TEAM,)) -> Forum:
    requirement = ApprovalRequirement("r", "owner", count, 60, True, ())
    return Forum(requirement, teams, environment, "os:root")


def said(name: str, decision: Any = "approved", proof: Any = "uid", owner: str | None = None) -> Answer:
    return Answer(Person(name, proof, owner), decision)


ANSWERS = st.lists(
    st.builds(
        said,
        st.sampled_from((*OWNERS, "os:eve", "os:root", "os:zoe", "key:" + "b" * 64)),
        st.sampled_from(("approved", "approved", "denied")),
        st.sampled_from(("uid", "asserted", "signature")),
        st.sampled_from((None, "os:ada", "os:root", "os:eve")),
    ),
    max_size=6,
)


@given(answers=ANSWERS, count=st.integers(1, 3), environment=st.sampled_from(("dev", "production")))
def test_an_approval_has_as_many_distinct_people_of_the_role_as_it_demands(
    answers: list[Answer], count: int, environment: str
) -> None:
    where = forum(count, environment)
    if outcome_of(where, answers) != "approved":
        return
    people = [one.person for one in answers if one.decision == "approved"]
    able = [one for one in people if "owner" in roles_of((TEAM,), one, environment)]
    able = [one for one in able if "os:root" not in one.names]
    if environment != "dev":
        able = [one for one in able if one.proof == "signature"]
    distinct: list[Person] = []
    for person in able:
        if not any(person.names & other.names for other in distinct):
            distinct.append(person)
    assert len(distinct) >= count


@given(answers=ANSWERS, count=st.integers(1, 3))
def test_answers_of_those_who_may_not_change_nothing(answers: list[Answer], count: int) -> None:
    where = forum(count)
    strangers = [said("os:eve"), said("os:zoe", "denied"), said("os:root")]
    assert outcome_of(where, answers) == outcome_of(where, [*strangers, *answers, *strangers])


@given(answers=ANSWERS)
def test_a_denial_by_somebody_who_may_wins(answers: list[Answer]) -> None:
    where = forum(5)
    if all("os:bob" not in one.person.names for one in answers):
        assert outcome_of(where, [*answers, said("os:bob", "denied")]) == "denied"


@given(answers=ANSWERS, count=st.integers(1, 3))
def test_outside_dev_only_signatures_count(answers: list[Answer], count: int) -> None:
    where = forum(count, "production")
    signed = [one for one in answers if one.person.proof == "signature"]
    assert outcome_of(where, answers) == outcome_of(where, signed)


@pytest.mark.parametrize(
    ("person", "environment", "refusal"),
    [
        (Person("os:ada", "uid"), "dev", None),
        (Person("os:ada", "asserted"), "dev", None),
        (Person("os:eve", "uid"), "dev", "approver_without_role"),
        (Person("os:ada", "uid"), "production", "signature_missing"),
        (Person("os:ada", "asserted"), "production", "principal_asserted"),
        (Person("key:" + "a" * 64, "signature"), "production", None),
        (Person("key:" + "b" * 64, "signature"), "production", "approver_without_role"),
        (Person("key:" + "b" * 64, "signature", "os:ada"), "production", None),
        (Person("key:" + "a" * 64, "signature", "os:root"), "production", "approver_is_requester"),
    ],
)
def test_who_may_approve(person: Person, environment: str, refusal: str | None) -> None:
    assert refusal_of(forum(environment=environment), person, "approved", ()) == refusal


def test_anybody_of_the_machine_counts_in_dev_alone() -> None:
    person = Person("os:zoe", "uid")
    assert roles_of((ANY,), person, "dev") == {"owner"}
    assert roles_of((ANY,), person, "production") == frozenset()
    assert roles_of((ANY,), Person("os:*", "signature"), "production") == frozenset()
    assert roles_of((ANY,), Person("github:acme/owners", "asserted"), "dev") == frozenset()
    assert holders_of(forum(teams=(ANY,))) == ("os:*",)
    assert holders_of(forum(environment="production", teams=(ANY,))) == ()
