"""What GitHub does at each path, and the checks that all paths share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from github_loopback.shapes import (
    API,
    Json,
    comment_shape,
    error,
    file_shape,
    issue_shape,
    pull_shape,
    user,
)
from github_loopback.state import Comment, GitHub, Pull, Repository

VERSION = "2022-11-28"
MAX_COMMENT_CHARACTERS = 65_536


@dataclass
class Request:
    """A request after the checks that all operations share."""

    method: str
    path: str
    query: dict[str, str]
    media: str
    body: Json


@dataclass
class Response:
    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Refusal(Exception):
    """An error as GitHub words it."""

    def __init__(self, status: int, message: str, errors: list[Json] | None = None) -> None:
        super().__init__(message)
        self.response = Response(status, error(status, message, errors))


def get_pull(_: GitHub, found: Repository, number: int, request: Request) -> Response:
    pull = known(found.pulls, number)
    if request.media in ("application/vnd.github.diff", "application/vnd.github.v3.diff"):
        return Response(200, pull.diff, {"Content-Type": "application/vnd.github.diff; charset=utf-8"})
    return Response(200, pull_shape(found, pull))


def list_files(_: GitHub, found: Repository, number: int, request: Request) -> Response:
    pull = known(found.pulls, number)
    return page_of([file_shape(found.name, pull, one) for one in pull.files], request)


def list_comments(_: GitHub, found: Repository, number: int, request: Request) -> Response:
    known({**found.issues, **found.pulls}, number)
    return page_of(
        [comment_shape(found.name, one) for one in found.comments if one.number == number], request
    )


def create_comment(github: GitHub, found: Repository, number: int, request: Request) -> Response:
    known({**found.issues, **found.pulls}, number)
    body = wanted_text(request, "IssueComment", "body")
    if len(body) > MAX_COMMENT_CHARACTERS:
        raise invalid("IssueComment", "body", "custom", "body is too long (maximum is 65536 characters)")
    one = Comment(
        1 + sum(len(each.comments) for each in github.repositories.values()), number, body, github.login
    )
    found.comments.append(one)
    shape = comment_shape(found.name, one)
    return Response(201, shape, {"Location": shape["url"]})


def create_pull(github: GitHub, found: Repository, _: int, request: Request) -> Response:
    title, head, base = (wanted_text(request, "PullRequest", key) for key in ("title", "head", "base"))
    for key, name in (("head", head), ("base", base)):
        if name not in found.branches:
            raise invalid("PullRequest", key, "invalid")
    if any((pull.head, pull.base, pull.merged) == (head, base, False) for pull in found.pulls.values()):
        owner = found.name.partition("/")[0]
        raise invalid("PullRequest", None, "custom", f"A pull request already exists for {owner}:{head}.")
    draft = request.body.get("draft", False) is True
    pull = Pull(found.next_number(), title, head, base, request.body.get("body"), github.login, draft)
    found.pulls[pull.number] = pull
    shape = pull_shape(found, pull)
    return Response(201, shape, {"Location": shape["url"]})


def get_issue(_: GitHub, found: Repository, number: int, request: Request) -> Response:
    return Response(200, issue_shape(found, known({**found.pulls, **found.issues}, number)))


def merge_pull(_: GitHub, found: Repository, number: int, request: Request) -> Response:
    pull = known(found.pulls, number)
    if pull.merged or pull.draft:
        raise Refusal(405, "Pull Request is not mergeable")
    if request.body.get("sha", pull.head_sha) != pull.head_sha:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    pull.merged = True
    return Response(
        200, {"sha": pull.head_sha, "merged": True, "message": "Pull Request successfully merged"}
    )


Operation = Callable[[GitHub, Repository, int, Request], Response]
_REPOSITORY = r"/repos/(?P<owner>[A-Za-z0-9-]+)/(?P<repo>[A-Za-z0-9._-]+)"
_PAGES = frozenset({"per_page", "page"})
OPERATIONS: tuple[tuple[str, str, Operation, frozenset[str], frozenset[str]], ...] = (
    ("GET", "/pulls/(?P<number>[0-9]+)", get_pull, frozenset(), frozenset()),
    ("GET", "/pulls/(?P<number>[0-9]+)/files", list_files, _PAGES, frozenset()),
    (
        "PUT",
        "/pulls/(?P<number>[0-9]+)/merge",
        merge_pull,
        frozenset(),
        frozenset({"commit_title", "commit_message", "sha", "merge_method"}),
    ),
    (
        "POST",
        "/pulls",
        create_pull,
        frozenset(),
        frozenset({"title", "head", "head_repo", "base", "body", "maintainer_can_modify", "draft", "issue"}),
    ),
    ("GET", "/issues/(?P<number>[0-9]+)", get_issue, frozenset(), frozenset()),
    ("GET", "/issues/(?P<number>[0-9]+)/comments", list_comments, _PAGES | {"since"}, frozenset()),
    ("POST", "/issues/(?P<number>[0-9]+)/comments", create_comment, frozenset(), frozenset({"body"})),
)
"""Method, path below a repository, what it does, and the query parameters and keys of a body that it has."""


def known(those: Mapping[int, Any], number: int) -> Any:
    if number not in those:
        raise Refusal(404, "Not Found")
    return those[number]


def invalid(resource: str, name: str | None, code: str, message: str | None = None) -> Refusal:
    found = {"resource": resource, "code": code, "field": name, "message": message}
    return Refusal(422, "Validation Failed", [{key: text for key, text in found.items() if text is not None}])


def wanted_text(request: Request, resource: str, key: str) -> str:
    value = request.body.get(key)
    if value is None or value == "":
        raise invalid(resource, key, "missing_field")
    if not isinstance(value, str):
        raise Refusal(
            422, f"Invalid request.\n\nFor 'properties/{key}', {json.dumps(value)} is not a string."
        )
    return value


def page_of(items: list[Json], request: Request) -> Response:
    """A page, with the `Link` header that leads to the others."""
    size = min(100, max(1, int(request.query.get("per_page", "30"))))
    page = max(1, int(request.query.get("page", "1")))
    last = max(1, -(-len(items) // size))
    links: list[str] = []
    for relation, number in (("next", page + 1), ("last", last)):
        if page < last:
            links.append(f'<{API}{request.path}?per_page={size}&page={number}>; rel="{relation}"')
    headers = {"Link": ", ".join(links)} if links else {}
    return Response(200, items[(page - 1) * size : page * size], headers)


def answer(github: GitHub, method: str, target: str, headers: Mapping[str, str], data: bytes) -> Response:
    """The answer to a request. `headers` are by lower-case name."""
    try:
        return _answered(github, method, target, headers, data)
    except Refusal as refusal:
        if github.echoes_authorization:
            refusal.response.body["received"] = dict(headers)
        return refusal.response


def _answered(github: GitHub, method: str, target: str, headers: Mapping[str, str], data: bytes) -> Response:
    if not headers.get("user-agent"):
        raise Refusal(
            403,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
        )
    if headers.get("host") != "api.github.com":
        github.violations.append(f"host {headers.get('host')}")
    if headers.get("authorization") != f"Bearer {github.token}":
        raise Refusal(401, "Requires authentication" if "authorization" not in headers else "Bad credentials")
    if headers.get("x-github-api-version", VERSION) != VERSION:
        raise Refusal(400, f'"{headers["x-github-api-version"]}" is not a supported version.')
    if github.remaining <= 0:
        raise Refusal(403, f"API rate limit exceeded for user ID {user(github.login)['id']}.")
    github.remaining -= 1
    place = urlsplit(target)
    request = Request(
        method, place.path, dict(parse_qsl(place.query)), _media(headers), _body(method, headers, data)
    )
    return _operated(github, request)


def _media(headers: Mapping[str, str]) -> str:
    media = headers.get("accept", "*/*").split(",")[0].split(";")[0].strip()
    if media not in ("*/*", "application/json") and not media.startswith("application/vnd.github"):
        raise Refusal(415, "Unsupported 'Accept' header: Must accept 'application/json'.")
    return media


def _body(method: str, headers: Mapping[str, str], data: bytes) -> Json:
    if method == "GET" or not data:
        return {}
    try:
        value = json.loads(data)
    except ValueError:
        raise Refusal(400, "Problems parsing JSON") from None
    if not isinstance(value, dict):
        raise Refusal(400, "Body should be a JSON object")
    if headers.get("content-type", "").split(";")[0] != "application/json":
        raise Refusal(415, "Unsupported Media Type")
    return cast("Json", value)


def _operated(github: GitHub, request: Request) -> Response:
    for method, path, operation, query, body in OPERATIONS:
        found = re.fullmatch(_REPOSITORY + path, request.path)
        if found is None or method != request.method:
            continue
        repository = github.repositories.get(f"{found['owner']}/{found['repo']}")
        if repository is None:
            break
        github.violations += [f"query {name}" for name in sorted(set(request.query) - query)]
        github.violations += [f"body {name}" for name in sorted(set(request.body) - body)]
        return operation(github, repository, int(found.groupdict().get("number") or 0), request)
    raise Refusal(404, "Not Found")
