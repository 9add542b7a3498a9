"""Recorded answers: what a server says in place of a host while a case runs (docs/language.md section 9)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from remit.definitions.words import Json, Many, Maybe, Part, ScriptPath, Word, Wrong, refuse

HeaderName = Annotated[str, Word("the name of a header such as `accept`", r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")]
HeaderText = Annotated[str, Word("the text of a header", r"[\x20-\x7e]*", longest=2000)]
RequestPath = Annotated[
    str, Word("a path such as `/repos/acme/shop/pulls/7`, without a query", r"/[^\s?#]*", longest=2000)
]
QueryText = Annotated[str, Word("the text of a query's field", r"[\s\S]*", longest=2000)]
Status = Annotated[int, Field(ge=200, le=599)]


class RecordedRequest(Part):
    """Which requests are meant. Without `query` any query is; `headers` are those a request must have."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    path: RequestPath
    query: Maybe[dict[str, QueryText]] = None
    headers: dict[HeaderName, HeaderText] = Field(default_factory=dict[str, str])


class RecordedResponse(Part):
    """What is said: at most one of `body` (JSON), `text` and `file`."""

    status: Status = 200
    headers: dict[HeaderName, HeaderText] = Field(default_factory=dict[str, str])
    body: Json = None
    text: Maybe[str] = None
    file: Maybe[ScriptPath] = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        given = [name for name in ("body", "text", "file") if name in self.model_fields_set]
        if len(given) > 1:
            refuse(Wrong("exclusive-keys", (given[1],), given[1], (given[0],), (given[0],)))
        return self


class Recorded(Part):
    """One answer."""

    request: RecordedRequest
    response: RecordedResponse = Field(default_factory=RecordedResponse)


class Answers(Part):
    """A file of answers, in the order in which they are looked through."""

    version: Annotated[int, Field(ge=0, le=0)]
    answers: Many[Recorded]
