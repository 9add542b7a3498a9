"""The tables of refusals in the documentation are the refusals in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_PACKAGE = _ROOT / "runtime" / "remit_runtime"
_WORDS = ("provenance", "summary")  # `_only` makes two codes of each


def _raised(package: str, error: str) -> Iterator[str]:
    for file in sorted((_PACKAGE / package).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == error:
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    yield str(code.value)
                else:
                    assert isinstance(code, ast.JoinedStr)
                    (ending,) = (str(part.value) for part in code.values if isinstance(part, ast.Constant))
                    yield from (word + ending for word in _WORDS)


def _documented(page: str, heading: str) -> set[str]:
    """The codes in the first column of the table that follows a heading."""
    text = (_ROOT / "docs" / page).read_text(encoding="utf-8").split(heading, 1)[1]
    table = text.split("| code | when |\n|---|---|\n", 1)[1].split("\n\n", 1)[0]
    cells = [row.split("|")[1] for row in table.strip().splitlines()]
    return {word.strip(" `") for cell in cells for word in cell.split(",")}


@pytest.mark.parametrize(
    ("package", "error", "page", "heading"),
    [
        ("bundle", "BundleRejected", "bundle.md", "## Refusals"),
        ("trust", "BundleRejected", "trust.md", "`BundleRejected`, besides"),
        ("trust", "SignatureInvalid", "trust.md", "`SignatureInvalid`:"),
        ("trust", "TrustInvalid", "trust.md", "`TrustInvalid`:"),
    ],
)
def test_every_refusal_is_in_its_table(package: str, error: str, page: str, heading: str) -> None:
    assert set(_raised(package, error)) == _documented(page, heading)
