"""Attack: a name that answers with a public address when it is judged, and with another when it is connected."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from remit_runtime.gateway.http import Network
from remit_runtime.gateway.http_addresses import is_public
from remit_runtime.gateway.outcome import CallFailed, Denied

PUBLIC = "203.0.114.7"


@dataclass
class Turncoat:
    """A resolver that gives its answers one after the other, and connections that are only counted."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list[str])
    connected: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.connected.append((address, port))
        raise ConnectionRefusedError

    def network(self) -> Network:
        return Network(self.resolve, self.connect)


def world_of(make_world: Any, http_tool: Any, turncoat: Turncoat, **changes: Any) -> Any:
    return make_world(http_tool(**changes), layers=["unsandboxed"], network=turncoat.network())


def test_a_name_is_looked_up_once_and_what_was_judged_is_what_is_connected(
    make_world: Any, http_tool: Any
) -> None:
    turncoat = Turncoat([[PUBLIC], ["127.0.0.1"], ["169.254.169.254"]])
    world = world_of(make_world, http_tool, turncoat)
    came = world.call("acme.ask")
    assert isinstance(came, CallFailed)
    assert came.code == "connect_failed"
    assert turncoat.asked == ["api.example"]
    assert turncoat.connected == [(PUBLIC, 443)]
    assert world.events()[1].peer == f"api.example {PUBLIC}:443"


def test_a_call_after_the_name_has_turned_is_denied_before_anything_is_connected(
    make_world: Any, http_tool: Any
) -> None:
    turncoat = Turncoat([[PUBLIC], ["127.0.0.1"]])
    world = world_of(make_world, http_tool, turncoat)
    world.call("acme.ask")
    came = world.call("acme.ask")
    assert isinstance(came, Denied)
    assert (came.code, came.denial.stage) == ("address_not_allowed", "prepare")
    assert turncoat.connected == [(PUBLIC, 443)]


REFUSED = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.0.0.7",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.251",
    "239.1.2.3",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "fec0::1",
    "ff02::1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "no address",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused(make_world: Any, http_tool: Any, address: str) -> None:
    turncoat = Turncoat([[address]])
    came = world_of(make_world, http_tool, turncoat).call("acme.ask")
    assert isinstance(came, Denied)
    assert came.code == "address_not_allowed"
    assert turncoat.connected == []


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::200e"])
def test_an_address_of_the_public_internet_is_one(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_refuses_the_name(make_world: Any, http_tool: Any) -> None:
    turncoat = Turncoat([[PUBLIC, "10.0.0.7"]])
    assert world_of(make_world, http_tool, turncoat).call("acme.ask").code == "address_not_allowed"
    assert turncoat.connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "localhost"])
def test_a_declared_host_that_is_this_machine_is_refused_however_it_is_written(
    make_world: Any, http_tool: Any, host: str
) -> None:
    tool = http_tool(f"https://{host}/", hosts=(host,))
    came = make_world(tool, layers=["unsandboxed"]).call("acme.ask")
    assert isinstance(came, Denied)
    assert came.code in ("address_not_allowed", "host_unresolved")


def test_a_name_without_an_address_is_denied(make_world: Any, http_tool: Any) -> None:
    came = world_of(make_world, http_tool, Turncoat([[]])).call("acme.ask")
    assert came.code == "host_unresolved"


def test_a_host_that_stands_for_another_is_judged_like_any(make_world: Any, http_tool: Any) -> None:
    turncoat = Turncoat([["10.0.0.7"]])
    world = make_world(
        http_tool(),
        layers=["unsandboxed"],
        network=turncoat.network(),
        hosts={"api.example": "inside.example"},
    )
    assert world.call("acme.ask").code == "address_not_allowed"
    assert turncoat.asked == ["inside.example"]
