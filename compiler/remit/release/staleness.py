"""What evidence is about, and which of it still holds: the digest algebra.

A result says something of one basis: an agent version, a suite over a dataset, a concrete model, a cassette, graders,
and the slice of the policy that can reach the agent's tools. Evidence is held for ever and wanted by what is to be
deployed; the two meet by equality, so an old version rolled back to finds its own evidence again, and what does not
enter a basis (a comment, an owner, another agent) can make nothing stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from remit_runtime.bundle.evidence import SuiteRecord
from remit_runtime.canonical import Digest, digest_of

Narrows = Callable[[Digest, Digest], bool]
"""Whether the second policy slice is proved to permit no more than the first."""

_NO_SLICE = digest_of(b"")


@dataclass(frozen=True, order=True)
class Basis:
    """Everything one result depends on. `model` and `cassette` are empty where the runs used none."""

    agent: str
    suite: str
    closure: Digest
    suite_digest: Digest
    dataset: Digest
    graders: Digest
    policy_slice: Digest
    model: Digest | None = None
    cassette: Digest | None = None


@dataclass(frozen=True)
class Standing:
    """What is wanted, parted by what is held for it: all of it appears in exactly one of the three.

    `fresh` has a result about exactly this basis; `recheck` has one about a policy slice since narrowed, which may be
    deployed at once and is evaluated again; `stale` has none and blocks.
    """

    fresh: frozenset[Basis]
    recheck: frozenset[Basis]
    stale: frozenset[Basis]


def nothing_narrows(_before: Digest, _after: Digest) -> bool:
    """The prover that proves nothing: every change of a policy slice makes evidence stale."""
    return False


def standing(held: Iterable[Basis], wanted: Iterable[Basis], narrows: Narrows = nothing_narrows) -> Standing:
    """How the evidence held stands to the evidence wanted."""
    have = frozenset(held)
    slices: dict[Basis, list[Digest]] = {}
    for basis in have:
        slices.setdefault(_apart_from_policy(basis), []).append(basis.policy_slice)
    want = frozenset(wanted)
    fresh = want & have
    recheck = frozenset(
        basis
        for basis in want - fresh
        if any(narrows(before, basis.policy_slice) for before in slices.get(_apart_from_policy(basis), ()))
    )
    return Standing(fresh, recheck, want - fresh - recheck)


def stale(
    held: Iterable[Basis], wanted: Iterable[Basis], narrows: Narrows = nothing_narrows
) -> frozenset[Basis]:
    """The wanted evidence that nothing held can stand for: while it is not empty, nothing is deployed."""
    return standing(held, wanted, narrows).stale


def basis_of(record: SuiteRecord) -> Basis | None:
    """The basis of a verified result, or None when it does not name one in full."""
    about = record.about
    if not {"suite", "dataset", "graders", "policy_slice"} <= about.keys():
        return None
    return Basis(
        agent=record.agent,
        suite=record.suite,
        closure=record.closure,
        suite_digest=about["suite"],
        dataset=about["dataset"],
        graders=about["graders"],
        policy_slice=about["policy_slice"],
        model=about.get("model"),
        cassette=about.get("cassette"),
    )


def _apart_from_policy(basis: Basis) -> Basis:
    return replace(basis, policy_slice=_NO_SLICE)
