"""The catalogue: every code has one row that says who finds it, and the rows that say `rule` are the rules."""

import re
from pathlib import Path
from typing import NamedTuple

from remit.rules import RULES

PAGE = Path(__file__).resolve().parents[3] / "docs/catalogue.md"
CODES = {rule.code for rule in RULES}
GROUPS = {
    "SYN": 9,
    "SCH": 12,
    "REF": 11,
    "VER": 10,
    "AUT": 12,
    "GRF": 15,
    "TOL": 14,
    "POL": 13,
    "CTX": 10,
    "EVL": 12,
    "BUD": 10,
    "PRM": 10,
    "REL": 14,
    "SEC": 14,
}
"""How many codes the catalogue has in each group; rules beyond it stand at the end of theirs."""


class Row(NamedTuple):
    """One line of a table."""

    code: str
    is_promised: bool
    about: str
    status: str


def rows() -> list[Row]:
    lines = re.findall(
        r"^\| ([A-Z]{3}[0-9]{3}) \| (◆?) ?\| (.+?) \| (.+) \|$", PAGE.read_text(), re.MULTILINE
    )
    return [Row(code, bool(mark), about, status) for code, mark, about, status in lines]


def test_every_code_of_the_catalogue_has_one_row() -> None:
    codes = [row.code for row in rows()]

    catalogue = {f"{group}{number:03}" for group, count in GROUPS.items() for number in range(1, count + 1)}
    assert len(catalogue) == 166
    assert len(codes) == len(set(codes))
    assert catalogue <= set(codes)
    assert set(codes) == catalogue | CODES


def test_a_row_says_rule_exactly_where_there_is_one() -> None:
    assert {row.code for row in rows() if row.status == "rule"} == CODES


def test_a_status_is_one_of_those_the_page_explains_and_names_what_stands_in() -> None:
    for row in rows():
        match = re.fullmatch(
            r"rule|open|by (?P<codes>[A-Z0-9, ]+): .+|(?:elsewhere|never|later): .+", row.status
        )
        assert match, row
        for code in re.findall("[A-Z]{3}[0-9]{3}", match["codes"] or ""):
            assert code in CODES, row


def test_the_first_release_promises_eighty() -> None:
    assert sum(row.is_promised for row in rows()) == 80
