"""What policies ask about: facts, arguments, attributes of resources, capabilities, and what is known of a run."""

from collections.abc import Iterable, Iterator

from remit.definitions import Policy, Resource, Tool
from remit.definitions.policy import Comparison, PolicyRule
from remit.definitions.scalars import Scalar
from remit.definitions.words import KEY
from remit.link.schemas import declared_fields
from remit.link.work import Work, span_of, undefined
from remit.read import Path

AGENT_WORDS = ("risk", "version")
RUN_WORDS = ("user", "tenant", "task", "state", "environment", "data_classes", "eval_status", "incident")
SUBJECTS = ("resource", "agent", "run", "facts", "args")
_KIND_OF_WORD = {"environment": "Environment", "tenant": "Tenant"}


def link_policy(work: Work, path: str, policy: Policy) -> None:
    """Looks up all that the rules of a policy ask about. An argument that no tool has makes a fact false, not wrong."""
    spec = policy.spec
    for index, rule in enumerate(spec.rules):
        at: Path = ("spec", "rules", index)
        for place, name in enumerate(rule.capabilities or ()):
            known = {tool.capability for _, tool in _tools(work, None)}
            if name not in known:
                undefined(work, span_of(work, path, (*at, "capabilities", place)), name, "capability", known)
        for key, condition in rule.when.items():
            _link_condition(work, path, (*at, "when", key), policy, rule, condition)


def _link_condition(
    work: Work, path: str, at: Path, policy: Policy, rule: PolicyRule, condition: Scalar | Comparison
) -> None:
    subject, _, rest = str(at[-1]).partition(".")
    word = rest.partition(".")[0]
    match subject:
        case "facts":
            noun, word, known = "fact of this policy", rest, set(policy.spec.facts)
        case "args":
            noun, known = "argument of a tool in scope", _arguments(work, rule.tools)
        case "resource":
            noun, word, known = "attribute of a Resource", rest, _attributes(work)
        case "agent":
            noun, word, known = "property of an agent", rest, set(AGENT_WORDS)
        case "run":
            noun, word, known = "property of a run", rest, set(RUN_WORDS)
            _link_names(work, path, at, rest, condition)
        case _:
            noun, word, known = "subject of a condition", subject, set(SUBJECTS)
    if word not in known:
        undefined(work, span_of(work, path, (*at, KEY)), word, noun, known)


def _link_names(work: Work, path: str, at: Path, word: str, condition: Scalar | Comparison) -> None:
    """Looks up the environments and tenants that a condition compares with."""
    kind = _KIND_OF_WORD.get(word)
    if kind is None:
        return
    known = work.ids.get(kind, [])
    for place, name in _compared(condition):
        if str(name) not in known:
            undefined(work, span_of(work, path, (*at, *place)), str(name), kind, known)


def _compared(condition: Scalar | Comparison) -> Iterator[tuple[Path, Scalar]]:
    if not isinstance(condition, Comparison):
        yield (), condition
    elif condition.operator == "ne" and not isinstance(condition.operand, tuple):
        yield ("ne",), condition.operand
    elif condition.operator == "in" and isinstance(condition.operand, tuple):
        for index, item in enumerate(condition.operand):
            yield ("in", index), item


def _tools(work: Work, names: Iterable[str] | None) -> Iterator[tuple[str, Tool]]:
    for name in work.ids.get("Tool", ()) if names is None else names:
        found = work.tool(name)
        if found is not None:
            yield found


def _arguments(work: Work, tools: Iterable[str] | None) -> set[str]:
    return {
        name
        for path, tool in _tools(work, tools)
        for name in declared_fields(work, path, tool.spec.input) or ()
    }


def _attributes(work: Work) -> set[str]:
    known = {"risk"}
    for name in work.ids.get("Resource", ()):
        definition = work.files[work.symbols["Resource", name].path].definition
        if isinstance(definition, Resource):
            known.update(definition.spec.attributes)
    return known
