"""A suite made ready to run: its cases with their workspaces and scripts, and the digests of all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

from remit.definitions import Case, EvalSuite
from remit.definitions.answers import Answers, Recorded
from remit.definitions.suite import Grader as WrittenGrader
from remit.diagnostic import Fault
from remit.evals.graders import Grader
from remit.evals.services import Answer
from remit.git.fresh import Commit
from remit.link import Portfolio
from remit.link.json_text import NotJson, json_value
from remit.link.paths import PathRefused, resolve
from remit.lower.values import plain
from remit_runtime.canonical import Digest, canonical_json, canonical_json_full, digest_of
from remit_runtime.errors import UsageError

GRADERS_VERSION = 0
"""Counts up when a grader of the compiler judges otherwise than before, so that old evidence goes stale."""
MAX_FIXTURE_BYTES = 16 * 2**20
"""Of one file that a case works on."""


@dataclass(frozen=True)
class ReadyCase:
    """A case with the commits it works on, what its services answer by host, and the bytes of its script."""

    case: Case
    history: tuple[Commit, ...]
    services: Mapping[str, tuple[Answer, ...]]
    script: bytes | None


@dataclass(frozen=True)
class ReadySuite:
    """A suite ready to run, and the digests its evidence is about."""

    id: str
    path: str
    definition: EvalSuite
    cases: tuple[ReadyCase, ...]
    graders: tuple[Grader, ...]
    suite_digest: Digest
    dataset_digest: Digest
    graders_digest: Digest


def ready(portfolio: Portfolio, suite: EvalSuite) -> ReadySuite:
    """The suite of a linked portfolio with all its cases read.

    Raises:
        UsageError: `fixture_unreadable`: a file of a case is a link or too large, and a run without it shows nothing.
    """
    path = portfolio.path_of(suite)
    # What a case names is found from the file that the case stands in.
    beside = _resolved(path, suite.spec.cases)
    cases = tuple(_ready_case(portfolio, beside, case) for case in portfolio.cases[suite.metadata.id])
    graders = tuple(_grader(grader) for grader in suite.spec.graders)
    spec = suite.spec
    rules = {
        "graders": [_described(grader) for grader in spec.graders],
        "success": sorted(spec.success),
        "version": GRADERS_VERSION,
    }
    how = {
        "agent": spec.agent,
        "case_passes": spec.case_passes,
        "epochs": spec.epochs,
        "needs_model": spec.needs_model,
    }
    return ReadySuite(
        id=suite.metadata.id,
        path=path,
        definition=suite,
        cases=cases,
        graders=graders,
        suite_digest=digest_of(canonical_json(how)),
        dataset_digest=digest_of(b"".join(_dataset(cases))),
        graders_digest=digest_of(canonical_json_full(plain(rules))),
    )


def _ready_case(portfolio: Portfolio, beside: str, case: Case) -> ReadyCase:
    script = None if case.script is None else _content(portfolio, _resolved(beside, case.script))
    services = {
        host: _answers(portfolio, _resolved(beside, file)) for host, file in sorted(case.services.items())
    }
    return ReadyCase(case, _history(portfolio, beside, case), services, script)


def _history(portfolio: Portfolio, beside: str, case: Case) -> tuple[Commit, ...]:
    if case.history:
        return tuple(
            Commit(_folder(portfolio, beside, one.files), one.message, one.tag) for one in case.history
        )
    return (Commit({} if case.workspace is None else _folder(portfolio, beside, case.workspace)),)


def _answers(portfolio: Portfolio, path: str) -> tuple[Answer, ...]:
    """The answers of a file that was linked."""
    value = json_value(_content(portfolio, path).decode("utf-8"))
    if isinstance(value, NotJson):
        raise RuntimeError("a file of answers that was linked is not JSON")
    return tuple(_answer(portfolio, path, one) for one in Answers.model_validate(value).answers)


def _answer(portfolio: Portfolio, path: str, recorded: Recorded) -> Answer:
    request, response = recorded.request, recorded.response
    sends = {name.lower(): text for name, text in response.headers.items()}
    if response.file is not None:
        content = _content(portfolio, _resolved(path, response.file))
    elif response.text is not None:
        content = response.text.encode("utf-8")
    elif "body" in response.model_fields_set:
        content = canonical_json_full(plain(response.body))
        sends.setdefault("content-type", "application/json; charset=utf-8")
    else:
        content = b""
    return Answer(
        request.method,
        request.path,
        None if request.query is None else tuple(sorted(request.query.items())),
        tuple(sorted((name.lower(), text) for name, text in request.headers.items())),
        response.status,
        tuple(sorted(sends.items())),
        content,
    )


def _folder(portfolio: Portfolio, beside: str, folder: str) -> dict[str, bytes]:
    """The files below a folder of the tree, by their path in it."""
    above = _resolved(beside, folder).rstrip("/") + "/"
    return {
        path.removeprefix(above): _content(portfolio, path)
        for path in portfolio.tree.paths
        if path.startswith(above)
    }


def _content(portfolio: Portfolio, path: str) -> bytes:
    content = portfolio.tree.read(path, MAX_FIXTURE_BYTES)
    if isinstance(content, Fault):
        reason = content.kind.replace("-", " ")
        raise UsageError("fixture_unreadable", f"`{path}` cannot be given to a case: {reason}")
    return content


def _resolved(base: str, path: str) -> str:
    resolved = resolve(base, path)
    if isinstance(resolved, PathRefused):
        raise RuntimeError("a path that was linked cannot be resolved")
    return resolved


def _grader(written: WrittenGrader) -> Grader:
    at: str | None = getattr(written, "at", None)
    return Grader(
        id=written.id,
        type=written.type,
        at=tuple(at.split(".")) if at else (),
        artifact=getattr(written, "artifact", None),
        mode=getattr(written, "mode", "exact"),
        order=getattr(written, "order", "exact"),
    )


def _described(written: WrittenGrader) -> dict[str, Any]:
    return dict(sorted(written.model_dump(exclude_none=True).items()))


def _dataset(cases: tuple[ReadyCase, ...]) -> Iterator[bytes]:
    """What the digest of the data covers: each case, every file of its commits, answers and script, in order."""
    for ready_case in cases:
        yield canonical_json_full(plain(ready_case.case.model_dump(exclude_none=True)))
        for commit in ready_case.history:
            for path, content in sorted(commit.files.items()):
                yield canonical_json([path, digest_of(content)])
        for host, answers in sorted(ready_case.services.items()):
            for one in answers:
                yield canonical_json([host, repr(astuple(replace(one, content=b""))), digest_of(one.content)])
        if ready_case.script is not None:
            yield digest_of(ready_case.script).encode("ascii")
        yield b"\n"
