"""Attack: a server that answers with a redirect, to collect the token elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from remit_runtime.gateway.outcome import CallFailed


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("same_host", [True, False])
def test_a_redirect_is_not_followed_and_the_token_goes_nowhere(
    asking: Any, serve: Any, answer: Any, bot: Any, secret: str, status: int, same_host: bool
) -> None:
    thief = serve(answer(b"{}"))
    where = "https://api.example/elsewhere" if same_host else f"{thief.url}/elsewhere"
    world, server = asking(
        answer(b"{}", f"{status} Moved", "application/json", f"Location: {where}"),
        credential=bot,
        world={"credentials": [bot], "environ": {"BOT_TOKEN": secret}},
    )
    came = world.call("acme.ask")
    assert isinstance(came, CallFailed)
    assert came.code == "redirect_refused"
    assert [one.target for one in server.received] == ["/notes"]
    assert server.received[0].headers["authorization"] == f"Bearer {secret}"
    assert thief.connections == 0


def test_a_redirect_of_a_write_leaves_open_whether_it_was_done(asking: Any, answer: Any) -> None:
    reply = answer(b"{}", "303 See Other", "application/json", "Location: https://api.example/")
    world, _ = asking(reply, effect="write")
    assert world.call("acme.ask").outcome == "unknown"


def test_a_server_that_asks_for_another_login_gets_none(asking: Any, answer: Any, serve: Any) -> None:
    thief = serve(answer(b"{}"))
    header = f'WWW-Authenticate: Bearer resource_metadata="{thief.url}/login"'
    world, server = asking(answer(b"{}", "401 Unauthorized", "application/json", header))
    assert world.call("acme.ask").code == "http_status"
    assert (len(server.received), thief.connections) == (1, 0)
