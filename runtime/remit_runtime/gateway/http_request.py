"""A request as it will be written: path, query, headers and body from a definition and arguments. Pure.

What arguments can change is closed: parts of the path, values of the query, the body. The method, the host and every
header are constant.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from remit_runtime.bundle.tool import HttpIR
from remit_runtime.canonical import canonical_json_full
from remit_runtime.gateway.arguments import Arguments
from remit_runtime.gateway.outcome import Denial
from remit_runtime.models.json_text import Json

MAX_TARGET_BYTES = 8 * 1024
"""Of path and query together: servers refuse longer ones, each with a status of its own."""

USER_AGENT = "remit-runtime"
HTTPS_PORT = 443

_URL = re.compile(r"https://(?P<host>[^/?#@\\\s]+)(?P<path>(?:/[^?#\s]*)?)")
_HOST = re.compile(r"(?P<name>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[0-9]{1,5}))?")
_PIECE = re.compile(r"\{\{|\}\}|\{(?P<keeps>\+?)(?P<name>[A-Za-z_][A-Za-z0-9_-]*)\}|[^{}]+")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029]")


_NO_ADDRESS = Denial("prepare", "host_not_declared", "the tool's address is not `https` at one of its hosts")


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its credential. `host` is the name as TLS and the `Host` header have it."""

    method: str
    host: str
    port: int
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


class _Unfit(ValueError):
    """An argument that cannot stand where the definition puts it."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def host_of(http: HttpIR, stands_for: Mapping[str, str]) -> str | Denial:
    """The host that a tool asks, with its port where that is not the scheme's own; or why it may ask none.

    `stands_for` maps a declared host to the one that stands for it in this environment.
    """
    url = _URL.fullmatch(http.url)
    if url is None or url["host"] not in http.hosts:
        return _NO_ADDRESS
    host = stands_for.get(url["host"], url["host"])
    parts = _HOST.fullmatch(host)
    if parts is None or int(parts["port"] or HTTPS_PORT) > 65_535:
        return Denial("prepare", "host_not_declared", f"no host can stand for `{url['host']}`")
    return host


def request_of(http: HttpIR, arguments: Arguments, stands_for: Mapping[str, str]) -> Request | Denial:
    """The request of a call, or why there is none. `stands_for` is that of `host_of`."""
    host, url = host_of(http, stands_for), _URL.fullmatch(http.url)
    if isinstance(host, Denial) or url is None:
        return host if isinstance(host, Denial) else _NO_ADDRESS
    name, _, port = host.partition(":")
    try:
        path, in_path = _path(url["path"] or "/", arguments)
        target = path + _query(http.query, arguments)
    except _Unfit as unfit:
        return Denial("prepare", unfit.code, unfit.reason)
    if len(target) > MAX_TARGET_BYTES:
        return Denial("prepare", "args_too_large", f"path and query have more than {MAX_TARGET_BYTES} bytes")
    body = None
    if http.body == "arguments":
        elsewhere = {*in_path, *http.query}
        body = canonical_json_full({name: arguments[name] for name in arguments if name not in elsewhere})
    return Request(
        method=http.method,
        host=name,
        port=int(port or HTTPS_PORT),
        target=target,
        headers=tuple(_headers(http, body)),
        body=body,
    )


def host_header(request: Request) -> str:
    """The value of the `Host` header: the port only where it is not the scheme's own (RFC 9110 §7.2)."""
    return request.host if request.port == HTTPS_PORT else f"{request.host}:{request.port}"


def _headers(http: HttpIR, body: bytes | None) -> Iterator[tuple[str, str]]:
    given = {name.lower() for name, _ in http.headers}
    yield from http.headers
    if "accept" not in given:
        yield "Accept", "application/json" if http.output == "json" else "text/plain, */*;q=0.5"
    yield "User-Agent", USER_AGENT
    # A compressed answer could be a thousand times what is read: none is asked for, and none is unpacked.
    yield "Accept-Encoding", "identity"
    if body is not None:
        yield "Content-Type", "application/json"


def _path(template: str, arguments: Arguments) -> tuple[str, frozenset[str]]:
    """The path with its arguments filled in, and their names.

    Raises:
        _Unfit: an argument is missing, or would make another path of it than the definition shows.
    """
    filled: list[str] = []
    names: set[str] = set()
    for piece in _PIECE.finditer(template):
        if piece["name"]:
            names.add(piece["name"])
            filled.append(_in_path(piece["name"], arguments, keeps_slashes=piece["keeps"] != ""))
        else:
            filled.append({"{{": "%7B", "}}": "%7D"}.get(piece[0], piece[0]))
    path = "".join(filled)
    # A server may take `%2e` for a dot (WHATWG URL §4.4), and a proxy `//` for `/`: neither segment comes from here.
    segments = path.split("/")[1:]
    if segments[-1:] == [""] and template.endswith("/"):
        segments = segments[:-1]
    if any(segment.lower().replace("%2e", ".") in ("", ".", "..") for segment in segments):
        raise _Unfit("path_unsafe", "the path would hold an empty segment, `.` or `..`")
    return path, frozenset(names)


def _in_path(name: str, arguments: Arguments, *, keeps_slashes: bool) -> str:
    if arguments.get(name) is None:
        raise _Unfit("argument_missing", f"argument `{name}` stands in the path, and the call has none")
    text = _scalar(name, arguments[name])
    if _UNSAFE.search(text) or (keeps_slashes and re.search(r"[?#%]", text)):
        raise _Unfit("path_unsafe", f"argument `{name}` holds a character that no path can hold")
    return urllib.parse.quote(text, safe="/" if keeps_slashes else "")


def _query(names: tuple[str, ...], arguments: Arguments) -> str:
    pairs: list[tuple[str, str]] = []
    for name in names:
        value = arguments.get(name)
        items = value if isinstance(value, list) else [] if value is None else [value]
        pairs += [(name, _scalar(name, item)) for item in items]
    return f"?{urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote)}" if pairs else ""


def _scalar(name: str, value: Json) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int() | float():
            return canonical_json_full(value).decode()
        case _:
            raise _Unfit("argument_not_scalar", f"argument `{name}` is no text, number or truth value")
