"""The check: every definition file is read, parsed, linked and judged by every rule; all findings in one run."""

import gc
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from remit.definitions import Agent, DataClass, Definition, Graph, Policy, Resource, Root, Tool
from remit.diagnostic import Diagnostic, Fault, Suppressed, in_order
from remit.flow import flow_of
from remit.git import ROOT_MARKER, Tree, definitions, folder_tree
from remit.graph import GraphFile, state_graph
from remit.link import Index, Linked, Portfolio, Shelf, Unit, link_file
from remit.link.secrets import secret_forms
from remit.parse import LIBRARY_PREFIX, ParsedFile
from remit.read import ReadFile, Value, nothing_read
from remit.redact import Mask, mask_of
from remit.rule import Level, Levels, Rule, at_levels, is_locked, locked_by
from remit.rules import FLOWS, GRAPHS, LINKED, RULES, SUPPRESSIONS, SYNTAX, UNITS
from remit.source import SourceFile, Sources, whole_file
from remit.suppression import suppress

LIBRARIES = ("std@1",)
"""What `use` may name: the folders beside `remit.std`."""


@dataclass(frozen=True)
class CheckResult:
    """What a check found: the diagnostics in their order, and how many files it read.

    `sources` quotes lines of what was checked, as long as its tree can be read. `portfolio` is whole only where
    nothing found is an error. `suppressed` are the findings that `remit.yaml` hides.
    """

    diagnostics: tuple[Diagnostic, ...]
    files: int
    sources: Sources
    portfolio: Portfolio
    suppressed: tuple[Suppressed, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether anything found is an error, so that nothing may be built from this tree."""
        return any(found.severity == "error" for found in self.diagnostics)


def check(tree: Tree, levels: Levels | None = None, *, today: date | None = None) -> CheckResult:
    """Everything that is wrong with the definitions of `tree`, found in one run.

    `levels` go before those of `remit.yaml`. Without `today` no suppression hides anything. It raises for no content
    whatever; a tree that git cannot read has failed before.
    """
    with without_collector():
        portfolio = portfolio_of(tree)
        found = [one for path in portfolio.paths for one in judge(portfolio, path)]
        return result_of(tree, portfolio, found, len(portfolio.paths), levels, today)


def result_of(
    tree: Tree,
    portfolio: Portfolio,
    found: Sequence[Diagnostic],
    files: int,
    levels: Levels | None,
    today: date | None,
) -> CheckResult:
    """The result of a check that found this in so many definition files, as the repository wants it told."""
    everything = [*found, *_judge_names(tree)]
    wanted: Levels = {**_levels_of(_root(portfolio)), **(levels or {})}
    mask = _mask(portfolio, everything, sources(tree))
    shown = in_order(mask.over_finding(one) for one in at_levels(everything, wanted))
    left, hidden = _suppressed(portfolio, shown, today, wanted)
    return CheckResult(left, files + len(unnamed(tree)), mask.over_sources(sources(tree)), portfolio, hidden)


def check_to_build(tree: Tree, *, today: date | None = None) -> CheckResult:
    """The check of a tree that something is built from: also what the policy engine itself says of its policies.

    Our own reading of policies is meant to find all that the engine would. What this finds beyond `check` is a gap
    of ours, and nothing is built over it. To load the engine costs more than to check ten files without it.
    """
    result = check(tree, today=today)
    if result.has_errors:
        return result
    from remit.lower.faults import engine_faults

    linked = Linked("", engine_faults(result.portfolio), (), {}, None)
    found = (*result.diagnostics, *_judge_linked(linked))
    mask = _mask(result.portfolio, found, result.sources)
    return replace(result, diagnostics=in_order(mask.over_finding(one) for one in found))


def _mask(portfolio: Portfolio, found: Sequence[Diagnostic], sources: Sources) -> Mask:
    """What findings must not show: the secrets of the repository."""
    if not found:
        return Mask(())
    forms = secret_forms(portfolio.of(DataClass).values())
    return mask_of(forms, (one.span for one in found if one.code in OF_SECRETS), sources)


OF_SECRETS = frozenset(("PRM006", "SEC001", "SEC002"))
"""The rules whose places are secrets."""


def sources(tree: Tree) -> Sources:
    """Finds the text of a checked file for quoting, in the tree or in the shipped library."""
    library = library_tree()

    def find(path: str) -> SourceFile | None:
        content = (library if path in library else tree).read(path)
        return None if isinstance(content, Fault) else SourceFile(path, content)

    return find


def library_tree() -> Tree:
    """The files of the libraries that ship inside the compiler, below folders such as `std@1`."""
    return folder_tree(Path(__file__).parent / "std")


def portfolio_of(tree: Tree) -> Portfolio:
    """The portfolio of the definitions of a tree and of the libraries it uses."""
    shelf = Shelf(tree, library_tree())
    facts = {
        path: shelf.facts(path)
        for path in (*definitions(tree), *files_of(shelf.library, used_libraries(shelf)))
    }
    return Portfolio(shelf, Index(facts, names_are_whole=not unnamed(tree)), link_file)


# ---- one unit


def judge(portfolio: Portfolio, path: str) -> Iterator[Diagnostic]:
    """What is wrong with one definition file, each finding at the level of its rule.

    It hangs on what is noted on the portfolio's trail alone. The files of the library are held by its own tests.

    Raises:
        LookupError: there is no such file.
    """
    if path.startswith(LIBRARY_PREFIX):
        return
    parsed = portfolio.file(path)
    if parsed is None:
        raise LookupError(path)
    read_faults = list(_judge_text(parsed.file))
    yield from read_faults
    linked = portfolio.linked(path)
    for file in linked.unreadable:
        yield from _judge_text(file)
    linked = linked._replace(faults={**linked.faults, **_policy_faults(portfolio, parsed)})
    echoes = _Echoes(parsed.file, read_faults)
    yield from (one for one in _judge_linked(linked) if not echoes.hold(one))
    if isinstance(parsed.definition, Graph):
        graph = GraphFile(parsed.file, state_graph(parsed.definition))
        for rule in GRAPHS:
            yield from rule.diagnostics(graph, {})
    if parsed.definition is not None and not isinstance(parsed.definition, Root):
        yield from _judge_unit(Unit(path, parsed.definition, portfolio))


def _judge_text(file: ReadFile) -> Iterator[Diagnostic]:
    """The findings of one file as text: one for every fault."""
    faults = [*file.faults, *_level_faults(file)]
    if not faults:
        return
    found = [one for rule in SYNTAX for one in rule.diagnostics(file._replace(faults=tuple(faults)), {})]
    # INVARIANT: no fault goes unsaid; a reader that finds a new kind needs a rule that words it.
    if len(found) < len(faults):
        kinds = sorted({fault.kind for fault in faults})
        raise RuntimeError(f"no rule words one of the faults {kinds} of {file.path}")
    yield from found


def _policy_faults(portfolio: Portfolio, parsed: ParsedFile) -> Mapping[str, tuple[Fault, ...]]:
    """What keeps a policy, a resource or a tool from being lowered, by the name of its rule."""
    definition = parsed.definition
    if isinstance(definition, Policy | Resource) or (
        isinstance(definition, Tool) and definition.spec.declared_resource is not None
    ):
        from remit.lower.faults import (
            policy_faults,
        )  # a repository without policies of its own does without it

        return policy_faults(portfolio, parsed.path, definition)
    return {}


def _judge_linked(linked: Linked) -> Iterator[Diagnostic]:
    """What parsing and linking a file found: a finding for every fault."""
    if not linked.faults:
        return
    told = {rule.name for rule in LINKED}
    # INVARIANT: no fault goes unsaid; a fault of a new kind needs a rule of that name.
    if not linked.faults.keys() <= told:
        raise RuntimeError(f"no rule words one of the faults {sorted(linked.faults.keys() - told)}")
    for rule in LINKED:
        yield from rule.diagnostics(linked, {})


def _judge_unit(unit: Unit[Definition]) -> Iterator[Diagnostic]:
    """What is wrong with one definition, and with the states of an agent."""
    for rule in UNITS.get(type(unit.definition), ()):
        yield from rule.diagnostics(unit, {})
    if isinstance(unit.definition, Agent):
        flow = flow_of(Unit(unit.path, unit.definition, unit.portfolio))
        if flow is not None:
            for over_states in FLOWS:
                yield from over_states.diagnostics(flow, {})
            flow.forget()


def _judge_names(tree: Tree) -> Iterator[Diagnostic]:
    """What is wrong with the names of files."""
    for fault in unnamed(tree):
        yield from _judge_text(nothing_read(fault.span.path, fault))


def unnamed(tree: Tree) -> tuple[Fault, ...]:
    """The faults of file names that cannot be used, and of a root marker that is not there."""
    missing = () if ROOT_MARKER in tree else (Fault("no-root", whole_file(ROOT_MARKER)),)
    return (*tree.faults, *missing)


# ---- what a repository wants of its rules


def _suppressed(
    portfolio: Portfolio, found: tuple[Diagnostic, ...], today: date | None, levels: Levels
) -> tuple[tuple[Diagnostic, ...], tuple[Suppressed, ...]]:
    """What is left of the findings under the suppressions of `remit.yaml`, and what these hide."""
    root = portfolio.root
    if root is None or not root.suppressions or today is None:
        return found, ()
    codes = {word: rule.code for rule in RULES for word in (rule.code, rule.name)}
    marker = portfolio.file(ROOT_MARKER)
    if marker is None:
        raise RuntimeError("a root was read from no file")
    left, hidden, judged = suppress(root, marker.file, found, today, codes, locked_by(root.locked, RULES))
    told = [one for rule in SUPPRESSIONS for one in rule.diagnostics(judged, levels)]
    return in_order((*left, *told)), hidden


class _Echoes:
    """Where the text of files is at fault, so that what a schema says of these places only repeats it.

    A value that could not be read stands as nothing, and what was open where reading stopped is cut short.
    """

    def __init__(self, file: ReadFile, found: Sequence[Diagnostic]) -> None:
        self._path = file.path
        self._starts = {(one.span.path, one.span.start) for one in found}
        stops = (
            fault.span.start
            for fault in file.faults
            if not file.complete and fault.kind in ("syntax", "too-deep", "too-many-values")
        )
        self._stop = next(stops, None)

    def hold(self, one: Diagnostic) -> bool:
        """Whether a finding of the schema is at such a place."""
        path, start, end = one.span
        cut_short = self._stop is not None and path == self._path and start <= self._stop <= end
        return one.code.startswith("SCH") and (cut_short or (path, start) in self._starts)


def _root(portfolio: Portfolio) -> dict[str, Value]:
    """What `remit.yaml` holds, as it was read."""
    file = portfolio.file(ROOT_MARKER)
    return file.file.value if file is not None and isinstance(file.file.value, dict) else {}


def used_libraries(shelf: Shelf) -> tuple[str, ...]:
    """The libraries that `remit.yaml` names."""
    root = shelf.parsed(ROOT_MARKER).file.value if ROOT_MARKER in shelf.tree else None
    use = root.get("use") if isinstance(root, dict) else None
    return tuple(name for name in LIBRARIES if isinstance(use, list) and name in use)


def files_of(library: Tree, names: Collection[str]) -> tuple[str, ...]:
    """The definition files of some libraries."""
    return tuple(path for path in library.paths if path.partition("/")[0] in names and path.endswith(".yaml"))


def _levels_of(root: Mapping[str, Value]) -> Levels:
    """The levels that `remit.yaml` gives rules; what is no level there is the schema's to tell."""
    wanted = root.get("rules")
    known: tuple[Level, ...] = ("error", "warning", "off")
    names = wanted.items() if isinstance(wanted, dict) else ()
    return {name: level for name, said in names for level in known if said == level}


def _level_faults(file: ReadFile) -> Iterator[Fault]:
    """What is wrong with the rules that `remit.yaml` names."""
    if file.path != ROOT_MARKER or not isinstance(file.value, dict):
        return
    names: dict[str, Rule[Any]] = {word: rule for rule in RULES for word in (rule.code, rule.name)}
    groups = {rule.code[:3] for rule in RULES}
    said, locks, hidden = (file.value.get(key) for key in ("rules", "locked", "suppressions"))
    wanted = said if isinstance(said, dict) else {}
    locked = locked_by(_words(locks), RULES)
    for name, level in wanted.items():
        span, rule = file.key_span(("rules", name)), names.get(name)
        if rule is None:
            yield Fault("unknown-rule", span, name, tuple(sorted(names)))
        elif is_locked(rule) or (rule.code in locked and _softens(level, rule)):
            yield Fault("locked-rule", span, rule.name)
    for index, name in enumerate(_words(locks)):
        if name not in names and name not in groups:
            yield Fault(
                "unknown-rule", file.value_span(("locked", index)), name, (*sorted(names), *sorted(groups))
            )
    for index, entry in enumerate(hidden if isinstance(hidden, list) else ()):
        hides = entry.get("rule") if isinstance(entry, dict) else None
        if isinstance(hides, str) and hides not in names:
            span = file.value_span(("suppressions", index, "rule"))
            yield Fault("unknown-rule", span, hides, tuple(sorted(names)))


def _words(value: Value) -> tuple[str, ...]:
    """The texts of a list, empty ones in place of anything else; nothing of what is no list."""
    items = value if isinstance(value, list) else []
    return tuple(item if isinstance(item, str) else "" for item in items)


def _softens(level: Value, rule: Rule[Any]) -> bool:
    """Whether a level says less than the rule's own."""
    return level == "off" or (level == "warning" and rule.severity == "error")


@contextmanager
def without_collector() -> Generator[None]:
    """A check makes many objects and no cycles; the cyclic collector would walk them all again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
