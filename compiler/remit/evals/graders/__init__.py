"""The graders: each judges one run against what its case expects, and says what differed.

A grader is a function `(grader, observed, expected) -> Grade`; `GRADERS` lists them all. `expected` is the case's value
for this grader, or `MISSING`; a grader that needs one and has none does not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from remit.evals.graders import output, policy, requests, trajectory
from remit.evals.graders.observed import MISSING, Grader, Observed
from remit.evals.results import Grade

__all__ = ["GRADERS", "MISSING", "Grader", "Observed", "grade"]

GRADERS: Final[Mapping[str, Callable[[Grader, Observed, object], str | None]]] = {
    "contains": output.contains,
    "exact": output.exact,
    "json_match": output.json_match,
    "output_schema": output.output_schema,
    "policy": policy.no_denial_unasked,
    "requests": requests.writes,
    "trajectory": trajectory.calls,
}


def grade(grader: Grader, observed: Observed, expected: object) -> Grade:
    """The grade of one run; a grader's complaint is its detail."""
    complaint = GRADERS[grader.type](grader, observed, expected)
    return Grade(grader.id, complaint is None, complaint or "as expected")
