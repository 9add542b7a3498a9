"""Hosts that another address stands for: servers of this machine, in `dev` alone, as its operator says.

`$REMIT_HOME/endpoints.toml` maps a declared host to an address of the loopback interface:

    "api.github.com" = "http://127.0.0.1:8123"
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from remit_runtime.errors import UsageError

CONFIGURATION = "endpoints.toml"
MAX_BYTES = 64 * 1024

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")
_ADDRESS = re.compile(r"http://(?:\[(?P<six>[0-9a-f:]+)\]|(?P<four>[0-9.]+)):(?P<port>[1-9][0-9]{0,4})")


@dataclass(frozen=True)
class Endpoint:
    """An address of the loopback interface that stands for a host."""

    address: str
    port: int

    @property
    def url(self) -> str:
        """The address as a URL without a path."""
        return (
            f"http://[{self.address}]:{self.port}"
            if ":" in self.address
            else f"http://{self.address}:{self.port}"
        )


@dataclass(frozen=True)
class Endpoints:
    """The hosts that are bound, each to what stands for it."""

    by_host: Mapping[str, Endpoint] = field(default_factory=lambda: MappingProxyType(dict[str, Endpoint]()))

    def bound(self, host: str) -> str | None:
        """The `http://ADDRESS:PORT` that stands for a host, or None where the host stands for itself."""
        endpoint = self.by_host.get(host.lower())
        return None if endpoint is None else endpoint.url


def load(home: Path, environment: str) -> Endpoints:
    """The bound hosts of a home; none where there is no file.

    Outside `dev` nothing may stand for a host: a file that says so is refused, not passed over, because whoever wrote
    it believes that no request leaves this machine.

    Raises:
        UsageError: the file is not of its form, names what is not on the loopback interface, or is there outside
            `dev`.
    """
    path = home / CONFIGURATION
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Endpoints()
    except OSError as error:
        raise _malformed("it cannot be read") from error
    if environment != "dev":
        message = f"`{CONFIGURATION}` binds hosts in `dev` only, not in `{environment}`: move it away"
        raise UsageError("endpoints_outside_dev", message)
    if len(data) > MAX_BYTES:
        raise _malformed(f"it has more than {MAX_BYTES} bytes")
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise _malformed("it is not TOML") from error
    return Endpoints(MappingProxyType({host: _endpoint(host, table[host]) for host in sorted(table)}))


def _endpoint(host: str, value: Any) -> Endpoint:
    if not _HOST.fullmatch(host):
        raise _malformed(f"`{host}` is not a host such as `api.github.com`, in lower case and quoted")
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match["port"]) > 65_535:
        raise _malformed(f"`{host}` is bound to an address such as `http://127.0.0.1:8123`")
    try:
        address = ipaddress.ip_address(match["six"] or match["four"])
    except ValueError as error:
        raise _malformed(f"the address of `{host}` is not an IP address") from error
    if not address.is_loopback or getattr(address, "ipv4_mapped", None) is not None:
        raise _malformed(f"the address of `{host}` is not one of the loopback interface")
    return Endpoint(str(address), int(match["port"]))


def _malformed(why: str) -> UsageError:
    return UsageError("endpoints_invalid", f"`{CONFIGURATION}` cannot be used: {why}")
