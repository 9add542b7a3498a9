"""A rule: one function over what a stage of the compiler made, with its code, name and page beside it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from remit.diagnostic import Diagnostic, Edit, Note, RulePage, Severity
from remit.source import Span

Level = Literal["error", "warning", "off"]
Levels = Mapping[str, Level]
"""What a repository wants of its rules, by code or name."""

_LOCKED = (
    "SYN",
    "SCH",
    "REF",
    "BUD009",
    "GRF015",
    "POL001",
    "POL014",
    "POL015",
    "PRM001",
    "PRM003",
    "PRM010",
    "SEC013",
    "SEC014",
    "TOL001",
)
_FREE = ("REF004", "REF008")

Stage = TypeVar("Stage")


class Finding(NamedTuple):
    """What a rule has to say of one place; its code, name and severity are added when it becomes a diagnostic.

    `message` is one lower-case sentence without a full stop; `help` says what to do next; `edits` do it where that is
    safe.
    """

    span: Span
    message: str
    notes: tuple[Note, ...] = ()
    help: str | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Rule(Generic[Stage]):
    """A rule and its metadata; `find` is the function that was decorated."""

    name: str
    code: str
    since: str
    severity: Severity
    find: Callable[[Stage], Iterator[Finding]]

    @property
    def page(self) -> str:
        """The docstring. There are many rules and few that are read, so it is not cleaned while they are imported."""
        return cleandoc(self.find.__doc__ or "")

    def diagnostics(self, stage: Stage, levels: Levels) -> Iterator[Diagnostic]:
        """What the rule finds, at the level the repository asks for."""
        level = level_of(self, levels)
        if level == "off":
            return
        for found in self.find(stage):
            yield Diagnostic(self.code, self.name, level, *found)


def rule(
    name: str, code: str, *, since: str, severity: Severity = "error"
) -> Callable[[Callable[[Stage], Iterator[Finding]]], Rule[Stage]]:
    """The rule that a function becomes; its docstring is the rule's page, and nothing is registered anywhere."""

    def with_metadata(find: Callable[[Stage], Iterator[Finding]]) -> Rule[Stage]:
        return Rule(name, code, since, severity, find)

    return with_metadata


def is_locked(of: Rule[Any] | Diagnostic) -> bool:
    """Whether a rule, or that of a finding, keeps its level and its findings in every repository.

    Without these the others would judge what was never read, nothing could be lowered of a policy or a schema that
    means nothing, for a model without a price, for agents that hand off in a circle, or of a prompt that is no template
    or whose slots lead nowhere; and a lock would open itself.
    """
    return of.code.startswith(_LOCKED) and of.code not in _FREE


def level_of(of: Rule[Any], levels: Levels) -> Level:
    """The level of a rule under a repository's wishes; a locked rule keeps its own."""
    if is_locked(of):
        return of.severity
    return levels.get(of.code, levels.get(of.name, of.severity))


def at_levels(found: Iterable[Diagnostic], levels: Levels) -> Iterator[Diagnostic]:
    """Findings of rules, each told at its rule's own level, as a repository wants them told."""
    for one in found:
        level: Level = one.severity
        if levels and not is_locked(one):
            level = levels.get(one.code, levels.get(one.name, one.severity))
        if level != "off":
            yield one if level == one.severity else one._replace(severity=level)


def locked_by(names: Iterable[str], rules: Iterable[Rule[Any]]) -> frozenset[str]:
    """The codes of the rules that nothing may soften: those that are locked, and `names` of codes, rules or groups."""
    wanted = set(names)
    return frozenset(of.code for of in rules if is_locked(of) or wanted & {of.code, of.name, of.code[:3]})


def page_of(of: Rule[Any]) -> RulePage:
    """The page of a rule as `remit explain` and docs/rules show it."""
    change = "cannot be changed" if is_locked(of) else "can be changed in `remit.yaml`"
    facts = f"{of.severity.capitalize()}, since {of.since}. Its level {change}."
    summary = of.page.partition("\n")[0]
    return RulePage(
        of.code, of.name, of.severity, summary, f"# {of.code} {of.name}\n\n{of.page.rstrip()}\n\n{facts}\n"
    )
