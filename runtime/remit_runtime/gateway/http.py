"""An http tool from definition to outcome: the request that would be made, where it goes, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from remit_runtime.bundle.tool import HttpIR, ToolIR
from remit_runtime.credentials.lease import Leased, LeaseRefused
from remit_runtime.errors import NotCanonical
from remit_runtime.gateway.arguments import Arguments
from remit_runtime.gateway.ended import Answered, Failed, failed
from remit_runtime.gateway.endpoints import Endpoints
from remit_runtime.gateway.http_addresses import Resolve, addresses_of, system_addresses
from remit_runtime.gateway.http_answer import output_of_answer
from remit_runtime.gateway.http_request import Request, host_header, request_of
from remit_runtime.gateway.outcome import Denial
from remit_runtime.gateway.output import REPLACED, OutputInvalid
from remit_runtime.gateway.recorded import recorded
from remit_runtime.gateway.redact import Redactor, redacted
from remit_runtime.gateway.schemas import Schema
from remit_runtime.gateway.stop import awaited_until

if TYPE_CHECKING:  # these bring libraries of their own, which only a request needs
    import socket
    import ssl

    from remit_runtime.gateway.http_wire import Answer, Lost

MAX_SHOWN_CHARACTERS = 2_000
_AGAIN_STATUSES = frozenset({429, 502, 503, 504})
_AGAIN_CODES = frozenset({"connect_failed", "connection_lost", "timeout"})


def _connect(address: str, port: int, seconds: float) -> socket.socket:
    from remit_runtime.gateway.http_wire import tcp_connection

    return tcp_connection(address, port, seconds)


def _tls() -> ssl.SSLContext:
    from remit_runtime.gateway.http_wire import tls_context

    return tls_context()


@dataclass(frozen=True, slots=True)
class Network:
    """How this machine reaches others: names to addresses, addresses to connections, and what TLS trusts."""

    resolve: Resolve = system_addresses
    connect: Callable[[str, int, float], socket.socket] = _connect
    tls: Callable[[], ssl.SSLContext] = _tls


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request that could be sent now: what is asked, and the addresses that were judged."""

    http: HttpIR
    request: Request
    addresses: tuple[str, ...]
    port: int
    secure: bool
    leased: Leased | None

    @property
    def peer(self) -> str:
        """The host that is asked, and the addresses at which it may be."""
        places = (f"[{one}]:{self.port}" if ":" in one else f"{one}:{self.port}" for one in self.addresses)
        return f"{host_header(self.request)} {' '.join(places)}"


def prepared_request(
    http: HttpIR,
    arguments: Arguments,
    stands_for: Mapping[str, str],
    endpoints: Endpoints,
    network: Network,
    leased: Leased | None,
    seconds: float,
    stopped: Callable[[], bool],
) -> PreparedRequest | Denial:
    """The request of a call, with the addresses of its host, which are looked up here and nowhere else.

    `seconds` and `stopped` end a look-up that does not end by itself.
    """
    request = request_of(http, arguments, stands_for)
    if isinstance(request, Denial):
        return request
    bound = endpoints.bound(host_header(request))
    if bound is not None:
        place = urlsplit(bound)
        if place.hostname is None or place.port is None:
            raise RuntimeError("a bound endpoint has no address")
        return PreparedRequest(http, request, (place.hostname,), place.port, False, leased)
    found = awaited_until(lambda: addresses_of(request.host, network.resolve), seconds, stopped)
    if isinstance(found, str):
        return Denial("prepare", "host_unresolved", f"host `{request.host}` was not found in time")
    if isinstance(found.value, Denial):
        return found.value
    return PreparedRequest(http, request, found.value, request.port, True, leased)


def ask(
    prepared: PreparedRequest,
    tool: ToolIR,
    seconds: float,
    schema: Schema,
    redactor: Redactor,
    network: Network,
    now_ms: int,
    stopped: Callable[[], bool],
) -> Answered | Failed:
    """What came of the request. `seconds` is what is left of the deadline."""
    from remit_runtime.gateway.http_wire import Lost, Peer, exchange

    bearer = None if prepared.leased is None else prepared.leased.secret_at(now_ms)
    if isinstance(bearer, LeaseRefused):
        return failed("error", bearer.code, bearer.reason, {}, redactor)
    came = exchange(
        prepared.request,
        bearer,
        Peer(prepared.addresses, prepared.port, prepared.secure),
        tool.limits.max_output_bytes,
        lambda status: status in prepared.http.ok_statuses,
        min(seconds, tool.limits.timeout_milliseconds / 1000),
        network.connect,
        network.tls,
        stopped,
    )
    return (
        _lost(came, tool, redactor)
        if isinstance(came, Lost)
        else _answered(came, prepared, tool, schema, redactor)
    )


_LOST = {
    "connect_failed": "the host took no connection",
    "tls_failed": "the host's certificate or its TLS could not be verified",
    "connection_lost": "the connection ended in the middle",
    "timeout": "the answer was not there in time",
    "stopped": "the run was stopped, and the request was ended",
}


def _lost(lost: Lost, tool: ToolIR, redactor: Redactor) -> Failed:
    outcome = _maybe_done(tool) if lost.asked else "error"
    return failed(outcome, lost.code, _LOST[lost.code], {}, redactor, again=lost.code in _AGAIN_CODES)


def _answered(
    answer: Answer, prepared: PreparedRequest, tool: ToolIR, schema: Schema, redactor: Redactor
) -> Answered | Failed:
    if answer.status not in prepared.http.ok_statuses:
        return _refused(answer, tool, redactor)
    if answer.too_large:
        reason = "the answer is longer than its limit and was not read to its end"
        return failed(_maybe_done(tool), "output_too_large", reason, {}, redactor)
    try:
        output = output_of_answer(answer.body, answer.headers, prepared.http)
        faults = schema.faults(output.value)
        if not faults:
            return Answered(recorded(output.value, redactor), REPLACED if output.replaced else None)
    except (OutputInvalid, NotCanonical) as error:
        faults = [str(error)]
    return failed(_maybe_done(tool), "output_invalid", "; ".join(faults), {"faults": [*faults]}, redactor)


def _refused(answer: Answer, tool: ToolIR, redactor: Redactor) -> Failed:
    """The failure of an answer with another status. One from 400 to 499 says that nothing was done (RFC 9110 §15.5)."""
    status = answer.status
    outcome = "error" if 400 <= status <= 499 else _maybe_done(tool)
    if 300 <= status <= 399:
        reason = f"the server answered with status {status}, and no redirect is followed"
        return failed(outcome, "redirect_refused", reason, {"status": status}, redactor)
    # Cut after the redaction: half of a secret is still half of it.
    said = redacted(answer.body.decode("utf-8", "replace"), redactor).value
    shown = said[:MAX_SHOWN_CHARACTERS] if isinstance(said, str) else ""
    return failed(
        outcome,
        "http_status",
        f"the server answered with status {status}",
        {"body": shown, "status": status},
        redactor,
        again=status in _AGAIN_STATUSES,
    )


def _maybe_done(tool: ToolIR) -> Literal["error", "unknown"]:
    """What a failure after the request means: only a read is known to have changed nothing."""
    return "error" if tool.effect == "read" else "unknown"
