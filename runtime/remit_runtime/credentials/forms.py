"""The forms in which a secret may come back: each is cut out wherever the run writes or shows something."""

from __future__ import annotations

import base64
import json
import urllib.parse

SHORTEST = 8
"""Characters. Shorter text is no secret: cutting it out of everything would say more than it hides."""


def forms_of(secret: str) -> tuple[str, ...]:
    """The secret as it is, and as URL, JSON, base64 and hexadecimal encoders write it; the longest first.

    In base64 a text looks different at each of three places in a group of four (RFC 4648 §4), so each of them is
    taken without the characters that its neighbours share.
    """
    data = secret.encode("utf-8")
    quoted = urllib.parse.quote(secret, safe="")
    every_byte = "".join(f"%{byte:02X}" for byte in data)
    found = {
        secret,
        quoted,
        _lower_escapes(quoted),
        urllib.parse.quote(secret),
        urllib.parse.quote_plus(secret),
        every_byte,
        every_byte.lower(),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        data.hex(),
        data.hex().upper(),
    }
    for offset in range(3):
        standard = _aligned(data, offset)
        found |= {standard, standard.replace("+", "-").replace("/", "_")}
    return tuple(
        sorted((form for form in found if len(form) >= SHORTEST), key=lambda form: (-len(form), form))
    )


def _lower_escapes(quoted: str) -> str:
    """The same with `%2f` for `%2F` (RFC 3986 §2.1 lets both be written)."""
    first, *rest = quoted.split("%")
    return "%".join((first, *(part[:2].lower() + part[2:] for part in rest)))


def _aligned(data: bytes, offset: int) -> str:
    """What is the same in every base64 text that holds these bytes `offset` bytes behind the start of a group."""
    text = base64.b64encode(b"\0" * offset + data).decode()
    shared = (0, 2, 3)[offset]
    over = (offset + len(data)) % 3
    return text[shared : len(text) - (0, 3, 2)[over]]
