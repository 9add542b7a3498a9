"""The example repositories of docs/language.md, and ways to change one place of a file."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest

from remit.read import Path as Steps
from remit.read import ReadFile
from remit.source import Span

LANGUAGE = Path(__file__).parents[3] / "docs" / "language.md"
_FENCE = re.compile(r"^```\w+ repo=(\S+) file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Examples = Mapping[str, Mapping[str, str]]
Change = Callable[[str, Span, str], str]


@pytest.fixture(scope="session")
def examples() -> Examples:
    """The files of each example repository, by its name and their paths."""
    repositories: dict[str, dict[str, str]] = {}
    for repository, path, content in _FENCE.findall(LANGUAGE.read_text(encoding="utf-8")):
        repositories.setdefault(repository, {})[path] = content
    return repositories


@pytest.fixture(scope="session")
def written(examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The folder of each example repository on disk."""
    folders: dict[str, Path] = {}
    for repository, files in examples.items():
        folder = folders[repository] = tmp_path_factory.mktemp(repository)
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, encoding="utf-8")
    return folders


def offset_of(text: str, line: int, column: int) -> int:
    """The index in a text of a place that is counted from 1."""
    return sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + column - 1


@pytest.fixture(scope="session")
def change() -> Change:
    """Puts new text in the place of a span."""

    def changed(text: str, span: Span, new: str) -> str:
        start, end = offset_of(text, *span.start), offset_of(text, *span.end)
        return text[:start] + new + text[end:]

    return changed


@pytest.fixture(scope="session")
def with_key() -> Callable[[str, ReadFile, Steps, str], tuple[str, int]]:
    """Puts a key first into a mapping: the new text, and the line of the key."""

    def inserted(text: str, file: ReadFile, at: Steps, key: str) -> tuple[str, int]:
        place = file.value_span(at).start
        start = offset_of(text, *place)
        if text[start] == "{":
            comma = "" if text[start + 1] == "}" else ", "
            return f"{text[: start + 1]}{key}: 1{comma}{text[start + 1 :]}", place.line
        return f"{text[:start]}{key}: 1\n{' ' * (place.column - 1)}{text[start:]}", place.line

    return inserted


def mappings(value: object, at: Steps = ()) -> Iterator[tuple[Steps, Mapping[str, object]]]:
    """Every mapping in a value, with its path."""
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        yield at, mapping
        for key, item in mapping.items():
            yield from mappings(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(cast("list[object]", value)):
            yield from mappings(item, (*at, index))


@pytest.fixture(scope="session")
def mappings_of() -> Callable[[object], list[tuple[Steps, Mapping[str, object]]]]:
    """Every mapping in a value, with its path."""
    return lambda value: list(mappings(value))
