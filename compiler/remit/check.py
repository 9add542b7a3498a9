"""The check: read, parse, link, and every rule over what each stage made; all findings in one run."""

import gc
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from remit.definitions import Agent, DataClass, Graph, Policy, Resource, Root
from remit.diagnostic import Diagnostic, Fault, Suppressed, in_order
from remit.flow import flow_of
from remit.git import ROOT_MARKER, Tree, definitions, folder_tree
from remit.graph import GraphFile, state_graph
from remit.link import Portfolio, Unit, link
from remit.link.secrets import secret_forms
from remit.parse import parse
from remit.read import ReadFile, Value, nothing_read, read
from remit.redact import Mask, mask_of
from remit.rule import Level, Levels, Rule, is_locked, locked_by
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
    with _without_collector():
        files = _read_files(tree)
        wanted: Levels = {**_levels_of(files), **(levels or {})}
        found: list[Diagnostic] = []
        for file in files:
            found.extend(_judge_file(file, wanted))
        echoes = _Echoes(files, found)
        portfolio = link([parse(file) for file in files], tree, library_tree())
        portfolio = replace(portfolio, faults={**portfolio.faults, **_policy_faults(portfolio)})
        for file in portfolio.unreadable:
            found.extend(_judge_file(file, wanted))
        found.extend(one for one in _judge_portfolio(portfolio, wanted) if not echoes.hold(one))
        found.extend(_judge_graphs(portfolio, wanted))
        found.extend(_judge_units(portfolio, wanted))
        mask = _mask(portfolio, found, sources(tree))
        shown = in_order(mask.over_finding(one) for one in found)
        left, hidden = _suppressed(portfolio, shown, today, wanted)
    return CheckResult(left, len(files), mask.over_sources(sources(tree)), portfolio, hidden)


def check_to_build(tree: Tree, *, today: date | None = None) -> CheckResult:
    """The check of a tree that something is built from: also what the policy engine itself says of its policies.

    Our own reading of policies is meant to find all that the engine would. What this finds beyond `check` is a gap
    of ours, and nothing is built over it. To load the engine costs more than to check ten files without it.
    """
    result = check(tree, today=today)
    if result.has_errors:
        return result
    from remit.lower.faults import engine_faults

    portfolio = replace(result.portfolio, faults=engine_faults(result.portfolio))
    found = (*result.diagnostics, *_judge_portfolio(portfolio, {}))
    mask = _mask(portfolio, found, result.sources)
    return replace(result, diagnostics=in_order(mask.over_finding(one) for one in found))


def _mask(portfolio: Portfolio, found: Sequence[Diagnostic], sources: Sources) -> Mask:
    """What findings must not show: the secrets of the repository."""
    if not found:
        return Mask(())
    forms = secret_forms(portfolio.of(DataClass).values())
    return mask_of(forms, (one.span for one in found if one.code in _OF_SECRETS), sources)


_OF_SECRETS = frozenset(("PRM006", "SEC001", "SEC002"))
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


def _read_files(tree: Tree) -> list[ReadFile]:
    """Every definition of the tree and of the libraries it uses, and every file name that cannot be used."""
    unnamed = [nothing_read(fault.span.path, fault) for fault in tree.faults]
    if ROOT_MARKER not in tree:
        unnamed.append(nothing_read(ROOT_MARKER, Fault("no-root", whole_file(ROOT_MARKER))))
    files = [_read_file(tree, path) for path in definitions(tree)]
    library = library_tree()
    used = _used_libraries(files)
    shipped = [
        _read_file(library, path)
        for path in library.paths
        if path.partition("/")[0] in used and path.endswith(".yaml")
    ]
    return unnamed + files + shipped


def _read_file(tree: Tree, path: str) -> ReadFile:
    content = tree.read(path)
    return nothing_read(path, content) if isinstance(content, Fault) else read(path, content)


def _judge_file(file: ReadFile, levels: Levels) -> Iterator[Diagnostic]:
    """The findings of one file as text: one for every fault."""
    faults = [*file.faults, *_level_faults(file)]
    if not faults:
        return
    found = [one for rule in SYNTAX for one in rule.diagnostics(file._replace(faults=tuple(faults)), levels)]
    # INVARIANT: no fault goes unsaid; a reader that finds a new kind needs a rule that words it.
    if len(found) < len(faults):
        kinds = sorted({fault.kind for fault in faults})
        raise RuntimeError(f"no rule words one of the faults {kinds} of {file.path}")
    yield from found


def _policy_faults(portfolio: Portfolio) -> Mapping[str, tuple[Fault, ...]]:
    """What keeps the policies of the repository from being lowered, by the name of its rule."""
    written: list[Policy | Resource] = [*portfolio.of(Policy).values(), *portfolio.of(Resource).values()]
    if all(portfolio.path_of(one).startswith(LIBRARIES) for one in written):
        return {}  # those of the library are held by its own tests
    from remit.lower.faults import policy_faults  # a repository without policies of its own does without it

    return policy_faults(portfolio)


def _judge_portfolio(portfolio: Portfolio, levels: Levels) -> Iterator[Diagnostic]:
    """What parsing and linking found: a finding for every fault."""
    told = {rule.name for rule in LINKED}
    # INVARIANT: no fault goes unsaid; a fault of a new kind needs a rule of that name.
    if not portfolio.faults.keys() <= told:
        raise RuntimeError(f"no rule words one of the faults {sorted(portfolio.faults.keys() - told)}")
    for rule in LINKED:
        yield from rule.diagnostics(portfolio, levels)


def _judge_graphs(portfolio: Portfolio, levels: Levels) -> Iterator[Diagnostic]:
    """What is wrong with each state graph."""
    for parsed in portfolio.files.values():
        if isinstance(parsed.definition, Graph):
            graph = GraphFile(parsed.file, state_graph(parsed.definition))
            for rule in GRAPHS:
                yield from rule.diagnostics(graph, levels)


def _judge_units(portfolio: Portfolio, levels: Levels) -> Iterator[Diagnostic]:
    """What is wrong with each definition of the repository, and with the states of each agent.

    Those of the library are held by its own tests.
    """
    for path, parsed in portfolio.files.items():
        definition = parsed.definition
        if definition is None or isinstance(definition, Root) or path.startswith(LIBRARIES):
            continue
        unit = Unit(path, definition, portfolio)
        for rule in UNITS.get(type(definition), ()):
            yield from rule.diagnostics(unit, levels)
        if isinstance(definition, Agent):
            flow = flow_of(Unit(path, definition, portfolio))
            if flow is not None:
                for over_states in FLOWS:
                    yield from over_states.diagnostics(flow, levels)


def _suppressed(
    portfolio: Portfolio, found: tuple[Diagnostic, ...], today: date | None, levels: Levels
) -> tuple[tuple[Diagnostic, ...], tuple[Suppressed, ...]]:
    """What is left of the findings under the suppressions of `remit.yaml`, and what these hide."""
    root = portfolio.root
    if root is None or not root.suppressions or today is None:
        return found, ()
    codes = {word: rule.code for rule in RULES for word in (rule.code, rule.name)}
    file = portfolio.files[ROOT_MARKER].file
    left, hidden, judged = suppress(root, file, found, today, codes, locked_by(root.locked, RULES))
    told = [one for rule in SUPPRESSIONS for one in rule.diagnostics(judged, levels)]
    return in_order((*left, *told)), hidden


class _Echoes:
    """Where the text of files is at fault, so that what a schema says of these places only repeats it.

    A value that could not be read stands as nothing, and what was open where reading stopped is cut short.
    """

    def __init__(self, files: Sequence[ReadFile], found: Sequence[Diagnostic]) -> None:
        self._starts = {(one.span.path, one.span.start) for one in found}
        self._stops = {
            file.path: fault.span.start
            for file in files
            if not file.complete
            for fault in file.faults
            if fault.kind in ("syntax", "too-deep", "too-many-values")
        }

    def hold(self, one: Diagnostic) -> bool:
        """Whether a finding of the schema is at such a place."""
        path, start, end = one.span
        stop = self._stops.get(path)
        cut_short = stop is not None and start <= stop <= end
        return one.code.startswith("SCH") and (cut_short or (path, start) in self._starts)


def _root(files: Sequence[ReadFile]) -> dict[str, Value]:
    """What `remit.yaml` holds, as it was read."""
    for file in files:
        if file.path == ROOT_MARKER and isinstance(file.value, dict):
            return file.value
    return {}


def _used_libraries(files: Sequence[ReadFile]) -> tuple[str, ...]:
    use = _root(files).get("use")
    return tuple(name for name in LIBRARIES if isinstance(use, list) and name in use)


def _levels_of(files: Sequence[ReadFile]) -> Levels:
    """The levels that `remit.yaml` gives rules; what is no level there is the schema's to tell."""
    wanted = _root(files).get("rules")
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
def _without_collector() -> Generator[None]:
    """A check makes many objects and no cycles; the cyclic collector would walk them all again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
