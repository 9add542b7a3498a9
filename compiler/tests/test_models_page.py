"""docs/models.md names every code that the source has, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/models.md").read_text("utf-8")
RUNTIME = ROOT / "runtime/remit_runtime"
FAULT = re.compile(r'(?:ModelFault\(\s*"error",\s*|_broken\()"(\w+)"')
SKIP = re.compile(r"Unfit\(\s*\"(\w+)\"")


def codes(pattern: re.Pattern[str], *paths: str) -> set[str]:
    return {code for path in paths for code in pattern.findall((RUNTIME / path).read_text("utf-8"))}


def section(title: str) -> set[str]:
    """The codes in the first column of a section's table."""
    rows = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0].splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| `")]
    return {code for cell in cells for code in re.findall(r"`(\w+)`", cell)}


def test_every_fault_of_a_provider_is_on_the_page() -> None:
    of_credentials = {"credential_missing", "credential_exposed", "credential_invalid", "host_mismatch"}
    found = codes(FAULT, "models/provider.py", "models/wire.py", "models/transport.py")
    assert len(found) > 10
    assert section("What may go wrong") - of_credentials == found


def test_every_reason_to_skip_a_model_is_on_the_page() -> None:
    assert section("Which model answers") == codes(SKIP, "gateway/eligible.py")
