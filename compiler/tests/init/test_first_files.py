"""The first repository is the smallest one of the language, word for word."""

import re
from pathlib import Path

import pytest

from remit.init import first_files

LANGUAGE = Path(__file__).parents[3] / "docs" / "language.md"


def block(path: str) -> str:
    found = re.search(
        rf"```\w+ repo=smallest file={re.escape(path)}\n(.*?)```", LANGUAGE.read_text("utf-8"), re.S
    )
    assert found
    return found.group(1)


@pytest.mark.parametrize("path", ["remit.yaml", "agents/digest/agent.yaml"])
def test_the_definitions_are_those_of_the_language(path: str) -> None:
    assert first_files("acme")[path] == block(path)


def test_the_organisation_names_the_agent() -> None:
    assert "id: globex.digest," in first_files("globex")["agents/digest/agent.yaml"]


@pytest.mark.parametrize("organisation", ["", "Acme", "a b", "a\nb", "{x}", "-a"])
def test_an_organisation_is_one_lower_case_word(organisation: str) -> None:
    with pytest.raises(ValueError, match="one lower-case word"):
        first_files(organisation)
