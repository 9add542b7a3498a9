"""Where a part of a JSON Schema stands: in a definition, as a shape, or in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator

from remit.flow.reading import Document, Node, Option
from remit.link import Portfolio
from remit.read import Path, read
from remit.source import Span


def span_of(portfolio: Portfolio, document: Document, at: Path = ()) -> Span | None:
    """The place of a path in a document, or of the nearest one around it; None for one that nobody wrote."""
    home = document.home
    if home is None:
        return None
    if home.file is None:
        return portfolio.span(home.path, (*home.at, *(_of_shape(at) if home.is_shape else at)))
    try:
        path, text = portfolio.included(home.path, home.file)
    except LookupError:
        return None
    file = read(path, text.encode())
    return file.value_span(file.locate(at))


def span_of_option(portfolio: Portfolio, option: Option) -> Span | None:
    """The place of the first schema of a way in which a value may be that somebody wrote."""
    spans = (span_of(portfolio, node.document, node.at) for node in _written(option))
    return next((span for span in spans if span is not None), None)


def _written(option: Option) -> Iterator[Node]:
    return (node for node in option.nodes if node.document.home is not None)


def _of_shape(at: Path) -> Path:
    """The path in a shape of a path in its schema (`remit.definitions.shape.shape_schema`)."""
    found: list[str | int] = []
    steps = iter(at)
    for step in steps:
        if step == "properties":
            name = next(steps, "")
            found += (
                name,
                f"{name}?",
            )  # one of the two is written, and a step that leads nowhere is passed over
        elif step == "items":
            found.append(0)
    return tuple(found)
