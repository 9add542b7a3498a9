"""SEC007."""

import re
from collections.abc import Iterator

from remit.definitions import Environment, Tool
from remit.link import Unit
from remit.read import Path
from remit.rule import Finding, rule

_NAMES = frozenset(("instance-data", "localhost", "metadata", "metadata.google.internal"))
_SUFFIXES = (".localhost", ".local")
"""Names of this machine (RFC 6761 section 6.3) or its neighbours (RFC 6762 section 3), wherever they are asked."""
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")


@rule("local-address", "SEC007", since="0.4")
def local_address(unit: Unit[Tool | Environment]) -> Iterator[Finding]:
    """A host of a tool that is this machine, its own network, or the place where clouds give out credentials.

    ## Why

    The gateway connects to public addresses only: a request that a model steers must not reach what trusts this
    machine. Every call of such a tool is denied. In `dev` a server of this machine can stand for a public name in
    `endpoints.toml`, which belongs to no repository.

    ## Wrong

    ```yaml file=policies/trial.yaml
    apiVersion: remit/v1
    kind: Environment
    metadata: {id: trial}
    spec: {hosts: {review.example: 10.1.2.3}}
    ```

    ## Right

    ```yaml file=policies/trial.yaml
    apiVersion: remit/v1
    kind: Environment
    metadata: {id: trial}
    spec: {hosts: {review.example: review.trial.example}}
    ```
    """
    for at, host in _hosts(unit.definition):
        if _is_local(host.rpartition(":")[0] or host):
            yield Finding(
                unit.span(at),
                f"`{host}` is not on the public internet, so that no request goes there",
                help="name a public host; `endpoints.toml` binds it to a server of this machine in `dev`",
            )


def _hosts(definition: Tool | Environment) -> Iterator[tuple[Path, str]]:
    if isinstance(definition, Environment):
        for host, stands_for_it in definition.spec.hosts.items():
            yield ("spec", "hosts", host), stands_for_it
    elif definition.spec.implementation.http is not None:
        for index, host in enumerate(definition.spec.implementation.http.hosts):
            yield ("spec", "implementation", "http", "hosts", index), host


def _is_local(host: str) -> bool:
    if host in _NAMES or host.endswith(_SUFFIXES):
        return True
    if not _NUMBERS.fullmatch(host):
        return False
    from ipaddress import ip_address  # only a host that is a number pays for it

    try:
        return not ip_address(host).is_global
    except ValueError:
        return False
