"""What goes over the wire to a provider, and what of its answer may come in. Imported on first use, with `wire`."""

from __future__ import annotations

import httpx2

from remit_runtime.models.json_text import Json, strict_json
from remit_runtime.models.port import ModelFault, Usage

MAX_TOKENS = 10_000_000
_SENT = frozenset({"host", "content-type", "content-length", "accept"})
# What Chat Completions and Responses call the two counts.
_COUNTS = (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"))


class Held(httpx2.AsyncBaseTransport):
    """One request and its answer, held to what a question may do.

    Only the headers in `_SENT` and the key leave, whatever the environment makes a library add; an answer is read
    up to `max_bytes`, must be 200 and JSON, and is asked for uncompressed. `fault` is what was wrong with it, in
    words that hold nothing of the answer; `usage` the counts as they were reported, None where they are no counts.
    """

    def __init__(self, secret: str | None, max_bytes: int) -> None:
        self.fault: ModelFault | None = None
        self.usage: Usage | None = None
        self._secret = secret
        self._max_bytes = max_bytes
        self._asked = False
        self._inner = httpx2.AsyncHTTPTransport(trust_env=False, retries=0)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer of the endpoint, whole and checked.

        Raises:
            httpx2.TransportError: there is none; `fault` says why.
        """
        if self._asked:
            raise self._broken("model_asked_twice", "a library tried to ask a second time")
        self._asked = True
        try:
            body = await self._exchanged(self._stripped(request))
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            # Nothing left this process, so nothing was used.
            self.fault = ModelFault(
                "error", "model_unreachable", "the endpoint cannot be reached", Usage(0, 0)
            )
            raise httpx2.TransportError("unreachable") from error
        except httpx2.TimeoutException as error:
            raise self._broken("model_timeout", "the model did not answer in time") from error
        except (httpx2.TransportError, httpx2.StreamError) as error:
            if self.fault is not None:
                raise
            raise self._broken("model_connection_lost", "the connection to the endpoint was lost") from error
        return httpx2.Response(
            200, headers={"content-type": "application/json"}, content=body, request=request
        )

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._inner.aclose()

    def _stripped(self, request: httpx2.Request) -> httpx2.Request:
        headers = {name: value for name, value in request.headers.items() if name.lower() in _SENT}
        headers["accept-encoding"] = "identity"
        if self._secret is not None:
            headers["authorization"] = f"Bearer {self._secret}"
        return httpx2.Request(
            request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions
        )

    async def _exchanged(self, request: httpx2.Request) -> bytes:
        response = await self._inner.handle_async_request(request)
        try:
            return await self._read(response)
        finally:
            await response.aclose()

    async def _read(self, response: httpx2.Response) -> bytes:
        status = response.status_code
        if 300 <= status < 400:
            raise self._broken("model_redirected", f"the endpoint answered {status}, and nobody is followed")
        if status != 200:
            raise self._broken("model_refused", f"the endpoint answered {status}")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise self._broken("model_answer_malformed", "the answer is compressed and was not asked to be")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                message = f"the answer is longer than {self._max_bytes} bytes"
                raise self._broken("model_answer_too_large", message)
        self.usage = _usage(self._value(bytes(body)))
        return bytes(body)

    def _value(self, body: bytes) -> Json:
        try:
            return strict_json(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise self._broken("model_answer_malformed", "the answer is not JSON") from error

    def _broken(self, code: str, message: str) -> httpx2.TransportError:
        self.fault = ModelFault("error", code, message)
        return httpx2.TransportError(message)


def _usage(answer: Json) -> Usage | None:
    """The tokens that an answer reports, or None where it reports none that can be counted.

    A question has at least one token: a provider that reports none has not counted.
    """
    match answer:
        case {"usage": dict(usage)}:
            for given, written in _COUNTS:
                counts = usage.get(given), usage.get(written)
                match counts:
                    case (int() as read, int() as wrote) if bool not in (type(read), type(wrote)):
                        if 0 < read <= MAX_TOKENS and 0 <= wrote <= MAX_TOKENS:
                            return Usage(read, wrote)
                    case _:
                        pass
            return None
        case _:
            return None
