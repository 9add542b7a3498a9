"""AUT011."""

from collections.abc import Iterator, Mapping

from remit.definitions import Approval, Team
from remit.diagnostic import Note, nearest
from remit.link import Portfolio, Unit
from remit.read import Path
from remit.rule import Finding, rule

_ONE_PERSON = ("os:", "key:")
"""Principals that are one person each; a team of GitHub, and `os:*`, are as many as they are."""
_ANYBODY = "os:*"


@rule("approver-group-empty", "AUT011", since="0.4")
def approver_group_empty(unit: Unit[Approval]) -> Iterator[Finding]:
    """An approval that too few people could ever give.

    ## Why

    An approval counts when as many people as it demands, of those whom a Team gives its role, have approved. Where
    nobody has the role, or fewer than it demands, a run that asks for it waits until the request expires, and no
    work is ever done. An agent is no principal: nobody can make one the approver.

    ## Wrong

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ```yaml file=policies/review.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: review}
    spec: {role: securty}
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ```yaml file=policies/review.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: review}
    spec: {role: security}
    ```

    ## Exceptions

    How many people `github:ORG/TEAM` and `os:*` are is not known here, so that any `count` may be met where one of
    them has the role.
    """
    spec = unit.definition.spec
    holders = _holders(unit.portfolio, spec.role)
    if len(holders) < spec.count and not unit.portfolio.is_whole:
        return  # the Team that could not be read may give the role
    if not holders:
        yield Finding(
            unit.span(("spec", "role")), f"nobody has the role `{spec.role}`", help=_advice(unit, spec.role)
        )
        return
    if spec.count > len(holders) and all(map(_is_one_person, holders)):
        have = "have" if len(holders) > 1 else "has"
        yield Finding(
            unit.span(("spec", "count")),
            f"{spec.count} people must approve, and {len(holders)} {have} the role `{spec.role}`",
            tuple(_note(unit.portfolio, who, *place) for who, place in sorted(holders.items())),
            "lower `count`, or give the role to more principals of a Team",
        )


def _holders(portfolio: Portfolio, role: str) -> Mapping[str, tuple[Team, int]]:
    """The principals that have a role, each with the first place that gives it to them."""
    found: dict[str, tuple[Team, int]] = {}
    for team in portfolio.of(Team).values():
        for index, member in enumerate(team.spec.members):
            if role in member.roles:
                found.setdefault(member.principal, (team, index))
    return found


def _is_one_person(principal: str) -> bool:
    return principal != _ANYBODY and principal.startswith(_ONE_PERSON)


def _note(portfolio: Portfolio, principal: str, team: Team, index: int) -> Note:
    at: Path = ("spec", "members", index, "principal")
    return Note(f"`{principal}` has it", portfolio.span(portfolio.path_of(team), at))


def _advice(unit: Unit[Approval], role: str) -> str:
    roles = {
        role
        for team in unit.portfolio.of(Team).values()
        for member in team.spec.members
        for role in member.roles
    }
    meant = nearest(role, roles)
    return (
        f"did you mean `{meant}`?"
        if meant
        else "give the role to members of a Team, or name one that they have"
    )
