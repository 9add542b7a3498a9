"""Http: a tool that is one request to one host, and what of the answer is its output."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from remit.definitions.placeholders import Placeholder, placeholders
from remit.definitions.words import (
    Distinct,
    Host,
    Name,
    Part,
    SomeDistinct,
    Url,
    Word,
    Wrong,
    only_with,
    refuse,
)

HeaderName = Annotated[str, Word("the name of a header such as `Accept`", "[A-Za-z][A-Za-z0-9-]*")]
HeaderText = Annotated[
    str, Word("a line of visible ASCII", r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?", longest=500)
]
Status = Annotated[int, Field(ge=200, le=299)]
_STEP = r"(?:[A-Za-z_][A-Za-z0-9_-]*|0|[1-9][0-9]{0,8}|\*)"
AnswerPath = Annotated[
    str, Word("a path such as `user.login` or `labels.*.name`", rf"{_STEP}(?:\.{_STEP})*", longest=500)
]

_OWN_HEADERS = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
"""What the gateway alone writes (docs/language.md section 7)."""

_URL = re.compile(r"https://(?P<host>[^/?#]+)(?P<path>(?:/[^?#]*)?)")


class Http(Part):
    """A request; `{argument}` in the path of `url` is percent-encoded, `{+argument}` keeps its slashes."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    url: Url
    hosts: SomeDistinct[Host]
    body: Literal["none", "arguments"] = "none"
    query: Distinct[Name] = ()
    headers: dict[HeaderName, HeaderText] = Field(default_factory=dict[str, str])
    output: Literal["json", "text"] = "json"
    ok_statuses: SomeDistinct[Status] = (200, 201, 202, 204)
    select: dict[Name, AnswerPath] = Field(default_factory=dict[str, str])

    @model_validator(mode="after")
    def _keys_go_together(self) -> Self:
        only_with(
            self, "body", self.body == "none" or self.method not in ("GET", "HEAD"), f"method: {self.method}"
        )
        only_with(self, "select", self.output == "json", f"output: {self.output}")
        wrongs = [*self._wrong_in_url(), *self._wrong_headers()]
        if wrongs:
            refuse(*wrongs)
        return self

    def _wrong_in_url(self) -> Iterator[Wrong]:
        parts = _URL.fullmatch(self.url)
        if parts is None:
            yield _wrong("url", self.url, "an `https` address without a query or a fragment")
            return
        if parts["host"] not in self.hosts:
            yield _wrong(
                "url", parts["host"], f"one of `hosts`: {', '.join(f'`{host}`' for host in self.hosts)}"
            )
        pieces = placeholders(parts["path"])
        if pieces is None:
            yield _wrong("url", self.url, "`{argument}`, `{+argument}`, or `{{` and `}}` for braces")
            return
        literal = "".join(piece for piece in pieces if isinstance(piece, str))
        if not literal.isascii() or not literal.isprintable() or "\\" in literal:
            yield _wrong("url", self.url, "an address of visible ASCII, everything else percent-encoded")
        named = [piece.name for piece in pieces if isinstance(piece, Placeholder)]
        for index, name in enumerate(self.query):
            if name in named:
                yield Wrong("exclusive-keys", ("query", index), name, ("url",), ("url",))

    def _wrong_headers(self) -> Iterator[Wrong]:
        seen: set[str] = set()
        for name in self.headers:
            lowered = name.lower()
            if lowered in _OWN_HEADERS or lowered.startswith("proxy-"):
                yield Wrong(
                    "wrong-type",
                    ("headers", name),
                    f"`{name}`",
                    ("a header that the gateway does not write",),
                )
            elif lowered in seen:
                yield Wrong(
                    "wrong-type", ("headers", name), f"`{name}`", ("each header once, in whatever case",)
                )
            seen.add(lowered)


def _wrong(key: str, found: str, expected: str) -> Wrong:
    return Wrong("wrong-type", (key,), f"`{found}`", (expected,))
