"""A unit: one definition as rules see it, with the portfolio in which it can look others up."""

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from remit.definitions import Definition
from remit.link.portfolio import Portfolio
from remit.read import Path
from remit.source import Span

D_co = TypeVar("D_co", bound=Definition, covariant=True)


@dataclass(frozen=True)
class Unit(Generic[D_co]):
    """One definition, its file, and the portfolio it belongs to."""

    path: str
    definition: D_co
    portfolio: Portfolio

    def span(self, at: Path, part: Literal["key", "value"] = "value") -> Span:
        """The place of a key or value in the unit's file, or of the nearest one around it that exists."""
        return self.portfolio.span(self.path, at, part)
