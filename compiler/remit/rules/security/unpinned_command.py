"""SEC008."""

import re
from collections.abc import Iterator, Mapping, Sequence

from remit.definitions import McpServer
from remit.link import Unit
from remit.rule import Finding, rule

_FETCHERS: Mapping[str, tuple[str, ...]] = {
    "bunx": (),
    "docker": ("run",),
    "npm": ("exec", "x"),
    "npx": (),
    "pipx": ("run",),
    "pnpm": ("dlx",),
    "podman": ("run",),
    "uvx": (),
    "yarn": ("dlx",),
}
"""Programs that fetch what they start, with the words behind which they do; without words, always."""
_PINNED = re.compile(r".+@sha256:[0-9a-f]{64}|.+@[0-9a-f]{40}|.+(?:@|==)v?[0-9]+\.[0-9]+\.[0-9]+\S*")
_IMAGES = ("docker", "podman")
_IMAGE_PINNED = re.compile(r".+@sha256:[0-9a-f]{64}")
_STAYS_HERE = frozenset(("--no-install", "--no", "--offline", "--pull=never"))


@rule("unpinned-command", "SEC008", since="0.4")
def unpinned_command(unit: Unit[McpServer]) -> Iterator[Finding]:
    """A server that is fetched anew when it is started, in whatever version there is then.

    ## Why

    The tools of a server are reviewed once and pinned. A command that fetches the newest package or image starts
    something else as soon as its owner, or who has taken over their account, publishes it: nobody reviewed that.

    ## Wrong

    ```yaml file=tools/mcp/tickets.yaml
    apiVersion: remit/v1
    kind: McpServer
    metadata: {id: tickets, owner: dev}
    spec: {transport: {stdio: {argv: [npx, "-y", "@acme/tickets-server"]}}, definitions: tickets.json}
    ```

    ```json file=tools/mcp/tickets.json
    {"tools": []}
    ```

    ## Right

    ```yaml file=tools/mcp/tickets.yaml
    apiVersion: remit/v1
    kind: McpServer
    metadata: {id: tickets, owner: dev}
    spec: {transport: {stdio: {argv: [npx, "-y", "@acme/tickets-server@1.4.2"]}}, definitions: tickets.json}
    ```

    ```json file=tools/mcp/tickets.json
    {"tools": []}
    ```

    ## Exceptions

    A program that is installed, and a command that fetches nothing (`--no-install`, `--offline`, `--pull=never`), start
    what is there.
    """
    stdio = unit.definition.spec.transport.stdio
    if stdio is None:
        return
    program = stdio.argv[0].rpartition("/")[2]
    if _fetches(program, stdio.argv[1:]):
        pin = "image by its digest (`image@sha256:...`)" if program in _IMAGES else "package with its version"
        yield Finding(
            unit.span(("spec", "transport", "stdio", "argv")),
            f"`{program}` fetches what it starts, and nothing says which version",
            help=f"name the {pin}, or start what is installed",
        )


def _fetches(program: str, words: Sequence[str]) -> bool:
    """Whether a command fetches something, of which no word says exactly what."""
    wanted = _FETCHERS.get(program)
    if wanted is None or not _STAYS_HERE.isdisjoint(words):
        return False
    operands = [word for word in words if not word.startswith("-")]
    if not operands or (wanted and operands[0] not in wanted):
        return False
    pinned = _IMAGE_PINNED if program in _IMAGES else _PINNED
    return not any(pinned.fullmatch(word) for word in words)
