"""Who may answer an approval, and what the answers of people come to. Pure: identities are proved elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from remit_runtime.bundle.policy import ApprovalRequirement, PolicySet, TeamIR

DEV = "dev"
ANYBODY = "os:*"

Refusal = Literal[
    "approver_without_role",
    "approver_is_requester",
    "approver_answered",
    "principal_asserted",
    "signature_missing",
]


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers: `principal` as it is written down, and the person behind it where a key is somebody's.

    `proof` is how it is known: the user id of the process, a signature, or nothing but a claim.
    """

    principal: str
    proof: Literal["uid", "signature", "asserted"]
    owner: str | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every principal that this person is."""
        return frozenset({self.principal} if self.owner is None else {self.principal, self.owner})


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person said."""

    person: Person
    decision: Literal["approved", "denied"]


@dataclass(frozen=True, slots=True)
class Forum:
    """Before whom a requirement stands: the bundle's teams, the environment, and who asked for the run."""

    requirement: ApprovalRequirement
    teams: tuple[TeamIR, ...]
    environment: str
    requester: str


def forum(policy_set: PolicySet, requirement: str, environment: str, requester: str) -> Forum | None:
    """The forum of a requirement, or None where the bundle has no such requirement."""
    found = next((one for one in policy_set.approvals if one.id == requirement), None)
    return None if found is None else Forum(found, policy_set.teams, environment, requester)


def refusal_of(
    where: Forum, person: Person, decision: Literal["approved", "denied"], before: Sequence[Answer]
) -> Refusal | None:
    """Why a person may not answer so, or None. Who asked for the run may deny, and nobody answers twice."""
    if where.environment != DEV and person.proof == "asserted":
        return "principal_asserted"
    if where.environment != DEV and person.proof == "uid":
        return "signature_missing"
    if where.requirement.role not in roles_of(where.teams, person, where.environment):
        return "approver_without_role"
    if decision == "approved" and where.requirement.not_requester and where.requester in person.names:
        return "approver_is_requester"
    if any(person.names & earlier.person.names for earlier in before):
        return "approver_answered"
    return None


def outcome_of(where: Forum, answers: Sequence[Answer]) -> Literal["approved", "denied"] | None:
    """What answers come to, each judged after those before it: those that may not be given count for nothing."""
    counted: list[Answer] = []
    for answer in answers:
        if refusal_of(where, answer.person, answer.decision, counted) is None:
            counted.append(answer)
    if any(answer.decision == "denied" for answer in counted):
        return "denied"
    return "approved" if len(counted) >= max(1, where.requirement.count) else None


def roles_of(teams: Sequence[TeamIR], person: Person, environment: str) -> frozenset[str]:
    """The roles that teams give a person; `os:*` is any user of the machine, in `dev` alone."""
    names = set(person.names)
    if environment == DEV and any(name.startswith("os:") for name in names):
        names.add(ANYBODY)
    else:
        names.discard(ANYBODY)
    return frozenset(
        role
        for team in teams
        for member in team.members
        if member.principal in names
        for role in member.roles
    )


def holders_of(where: Forum) -> tuple[str, ...]:
    """The principals that teams give the requirement's role, sorted; `os:*` in `dev` alone."""
    return tuple(
        sorted(
            {
                member.principal
                for team in where.teams
                for member in team.members
                if where.requirement.role in member.roles
                and (member.principal != ANYBODY or where.environment == DEV)
            }
        )
    )
