"""Suites: their graders, and the cases in the file that they name, one JSON object a line."""

from functools import partial

from pydantic import ValidationError

from remit.definitions import Case, EvalSuite
from remit.definitions.answers import Answers
from remit.definitions.words import KEY, found
from remit.diagnostic import Fault
from remit.link.json_text import NotJson, json_value
from remit.link.named_files import MAX_CASES_BYTES, named_bytes, named_folder
from remit.link.work import Work, span_of, undefined, undefined_id
from remit.parse import faults_of
from remit.read import Path, ReadFile, read
from remit.source import Span, span_at

MAX_ANSWER_BYTES = 16 << 20
"""Of one file that a service answers with."""


def link_suite(work: Work, path: str, suite: EvalSuite) -> None:
    """Looks up the graders that decide, and reads and links the cases."""
    graders = [grader.id for grader in suite.spec.graders]
    for index, name in enumerate(suite.spec.success):
        if name not in graders:
            undefined(
                work, span_of(work, path, ("spec", "success", index)), name, "grader of this suite", graders
            )
    named = named_bytes(
        work, path, lambda: span_of(work, path, ("spec", "cases")), suite.spec.cases, MAX_CASES_BYTES
    )
    if named is not None:
        work.cases = _cases(work, path, suite, *named)


def _cases(work: Work, base: str, suite: EvalSuite, path: str, data: bytes) -> tuple[Case, ...] | None:
    """The cases of a suite; None, as their number is unknown, where a line is none or there is no line."""
    cases: list[Case] = []
    first: dict[str, int] = {}
    are_whole = True
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        case = _case(work, path, number, line)
        if case is None:
            are_whole = False
            continue
        place = _Line(path, number, line)
        if case.id in first:
            again = place.span(("id",))
            work.faults.append(
                Fault("duplicate-id", again, case.id, ("case",), span_at(path, first[case.id], 1))
            )
        first.setdefault(case.id, number)
        _link_case(work, suite, case, place)
        cases.append(case)
    if are_whole and not cases:
        span = span_of(work, base, ("spec", "cases"))
        work.faults.append(Fault("missing-file", span, path, ("it holds no case",)))
    return tuple(cases) if are_whole and cases else None


class _Line:
    """A line of a file of cases, whose places are found when a fault wants one."""

    __slots__ = ("line", "number", "path")

    def __init__(self, path: str, number: int, line: bytes) -> None:
        self.path, self.number, self.line = path, number, line

    def read(self) -> ReadFile:
        """The line as a flow mapping, on its own line of the file."""
        return read(self.path, b"\n" * (self.number - 1) + self.line)

    def span(self, at: Path) -> Span:
        """The place of a value, or of a key where the path ends in `KEY`."""
        file = self.read()
        if at[-1:] == (KEY,):
            return file.key_span(file.locate(at[:-1]))
        return file.value_span(file.locate(at))


def _case(work: Work, path: str, number: int, line: bytes) -> Case | None:
    value = _value(line)
    if isinstance(value, NotJson):
        fault = Fault("wrong-type", span_at(path, number, value.column, 1), value.reason, ("a JSON object",))
        work.faults.append(fault)
        return None
    if not isinstance(value, dict):
        work.faults.append(Fault("wrong-type", span_at(path, number, 1, 1), found(value), ("a JSON object",)))
        return None
    try:
        return Case.model_validate(value)
    except ValidationError as error:
        faults = faults_of(error, _Line(path, number, line).read(), Case)
        # A line that is JSON and no YAML has no places, and what it lacks is then not told one by one.
        whole = Fault("wrong-type", span_at(path, number, 1, 1), "something else", ("a case with `id`",))
        work.faults.extend(faults or (whole,))
        return None


def _value(line: bytes) -> object:
    try:
        return json_value(line.decode())
    except UnicodeDecodeError:
        return NotJson("a line that is no UTF-8")


def _link_case(work: Work, suite: EvalSuite, case: Case, line: _Line) -> None:
    graders = [grader.id for grader in suite.spec.graders]
    for name in case.expect:
        if name not in graders:
            undefined(work, line.span(("expect", name, KEY)), name, "grader of this suite", graders)
    for name in case.approvals or {}:
        if work.portfolio.symbol("Approval", name) is None:
            undefined_id(work, line.span(("approvals", name, KEY)), name, "Approval")
    agent = work.agent(suite.spec.agent)
    if agent is not None:
        tasks = agent.spec.tasks
        if case.task is None and len(tasks) > 1:
            work.faults.append(Fault("missing-key", line.span(("id", KEY)), f"case {case.id}", ("task",)))
        elif case.task is not None and case.task not in tasks:
            undefined(work, line.span(("task",)), case.task, f"task of `{suite.spec.agent}`", tasks)
    _link_files(work, case, line)


def _link_files(work: Work, case: Case, line: _Line) -> None:
    if case.script is not None:
        named_bytes(work, line.path, lambda: line.span(("script",)), case.script)
    if case.workspace is not None:
        named_folder(work, line.path, lambda: line.span(("workspace",)), case.workspace)
    for index, commit in enumerate(case.history):
        named_folder(work, line.path, partial(line.span, ("history", index, "files")), commit.files)
    for host, file in case.services.items():
        hosts = work.portfolio.words("hosts")
        if host not in hosts:
            undefined(work, line.span(("services", host, KEY)), host, "host of a tool", hosts)
        named = named_bytes(work, line.path, partial(line.span, ("services", host)), file)
        if named is not None:
            _link_answers(work, *named)


def _link_answers(work: Work, path: str, data: bytes) -> None:
    """Looks at a file of recorded answers, once, and for the files that it names."""
    if path in work.answers:
        return
    work.answers.add(path)
    file = read(path, data)
    value = _value(data)
    if isinstance(value, NotJson) or not isinstance(value, dict):
        reason = value.reason if isinstance(value, NotJson) else found(value)
        work.faults.append(
            Fault("wrong-type", span_at(path, 1, 1, 1), reason, ("a JSON object with answers",))
        )
        return
    try:
        answers = Answers.model_validate(value).answers
    except ValidationError as error:
        whole = Fault("wrong-type", span_at(path, 1, 1, 1), "something else", ("recorded answers",))
        work.faults.extend(faults_of(error, file, Answers) or (whole,))
        return
    for index, one in enumerate(answers):
        if one.response.file is not None:
            at: Path = ("answers", index, "response", "file")
            place = partial(_span_in, file, at)
            named_bytes(work, path, place, one.response.file, MAX_ANSWER_BYTES)


def _span_in(file: ReadFile, at: Path) -> Span:
    return file.value_span(file.locate(at))
