"""Guardrails: what counts as a finding and as evidence, and what is a secret in an output."""

from __future__ import annotations

import re
from typing import Any

import pytest

from remit_runtime.gateway.guardrails import evidence_faults, secrets_in
from remit_runtime.gateway.redact import Redactor

REDACTOR = Redactor((("token", re.compile(r"tok_[a-z0-9]{6}")),), (("leased", "s3cr3t-value"),))


EMPTY: dict[str, Any] = {}
PLACES: list[tuple[Any, list[str]]] = [
    ({"findings": []}, []),
    ({"note": "nothing"}, []),
    ([], []),
    ("findings", []),
    ({"findings": [{"evidence": ["a", "b"]}]}, []),
    ({"findings": [{"evidence": ["a", "b", "c"]}, {"evidence": []}]}, ["/findings/1"]),
    ({"findings": [{"evidence": ["a", "a"]}]}, ["/findings/0"]),
    ({"findings": [{"evidence": [{"x": 1, "y": 2}, {"y": 2, "x": 1}]}]}, ["/findings/0"]),
    ({"findings": [{"evidence": "a, b"}]}, ["/findings/0"]),
    ({"findings": [EMPTY]}, ["/findings/0"]),
    ({"findings": ["a"]}, ["/findings/0"]),
    ({"findings": {"evidence": ["a", "b"]}}, ["/findings/0"]),
    ({"findings": None}, ["/findings/0"]),
    ({"parts": [{"findings": [{"evidence": ["a"]}]}]}, ["/parts/0/findings/0"]),
    ({"findings": [{"evidence": ["a", "b"], "findings": [EMPTY]}]}, ["/findings/0/findings/0"]),
]


@pytest.mark.parametrize(("value", "places"), PLACES)
def test_a_finding_needs_distinct_pieces_of_evidence(value: Any, places: list[str]) -> None:
    assert [fault.split("`")[1] for fault in evidence_faults(value, 2)] == places
    assert evidence_faults(value, 0) == []


def test_faults_are_at_most_eight() -> None:
    many: Any = {"findings": [EMPTY] * 1000}
    assert len(evidence_faults(many, 1)) == 8


@pytest.mark.parametrize(
    ("value", "rules"),
    [
        ({"text": "nothing"}, ()),
        ({"text": "a tok_abc123 b"}, ("token",)),
        ({"tok_abc123": 1}, ("token",)),
        (["s3cr3t-value"], ("leased",)),
        ({"text": "there was a [redacted:token]"}, ()),
    ],
)
def test_what_was_cut_out_is_no_secret_any_more(value: Any, rules: tuple[str, ...]) -> None:
    assert secrets_in(value, REDACTOR) == rules
