"""The address that a request goes to: looked up once, judged, and then pinned.

Whoever answers for a name could first name a public address and then this machine, or the address at which clouds
give out credentials. So what was judged is what is connected, and a name is not looked up again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

from remit_runtime.gateway.outcome import Denial

MAX_ADDRESSES = 4
"""How many of a name's addresses are tried, IPv4 first."""

Resolve = Callable[[str], Sequence[str]]
"""Every address of a name, as text. Raises OSError where it has none."""

_CARRIERS = (
    ipaddress.ip_network("::ffff:0:0/96"),  # IPv4-mapped (RFC 4291 §2.5.5.2)
    ipaddress.ip_network("64:ff9b::/96"),  # NAT64 (RFC 6052)
    ipaddress.ip_network("64:ff9b:1::/48"),  # NAT64 of a site (RFC 8215)
    ipaddress.ip_network("2001::/32"),  # Teredo (RFC 4380)
    ipaddress.ip_network("2002::/16"),  # 6to4 (RFC 3056)
)
"""Addresses of IPv6 that carry one of IPv4, which may be any."""

_UNICAST = ipaddress.ip_network("2000::/3")
"""What of IPv6 is given out for the public internet (RFC 4291 §2.4)."""

_LEFT_OVER = (
    ipaddress.ip_network("192.0.0.0/24"),  # protocol assignments (RFC 6890)
    ipaddress.ip_network("192.88.99.0/24"),  # anycast of 6to4 relays (RFC 7526)
)
_METADATA = frozenset({"168.63.129.16"})
"""Addresses at which clouds serve their machines although they are public; the others are not."""


def addresses_of(host: str, resolve: Resolve) -> tuple[str, ...] | Denial:
    """The addresses to connect, in the order in which they are tried; or why none is."""
    try:
        found = tuple(dict.fromkeys(resolve(host)))
    except (OSError, UnicodeError):
        return Denial("prepare", "host_unresolved", f"host `{host}` has no address that can be found")
    if not found:
        return Denial("prepare", "host_unresolved", f"host `{host}` has no address")
    if not all(is_public(address) for address in found):
        # One private address among public ones is a name that somebody else answers for as well.
        return Denial("prepare", "address_not_allowed", f"host `{host}` has an address that is not public")
    return tuple(sorted(found, key=lambda address: ":" in address))[:MAX_ADDRESSES]


def is_public(text: str) -> bool:
    """Whether an address is of the public internet, and says so itself: none that carries another does."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        carries = any(address in carrier for carrier in _CARRIERS)
        return address in _UNICAST and address.scope_id is None and not carries
    return str(address) not in _METADATA and not any(address in network for network in _LEFT_OVER)


def system_addresses(host: str) -> tuple[str, ...]:
    """The addresses that the operating system finds for a name.

    Raises:
        OSError: it finds none.
    """
    import socket  # start-up does without it

    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(str(place[0]) for *_, place in found)
