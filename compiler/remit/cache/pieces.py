"""Pieces: several byte strings as one, with their lengths before them."""

from __future__ import annotations

from struct import error as StructError  # noqa: N812 -- it is a class
from struct import pack, unpack_from

TYPE_CHECKING = False  # see `store`
if TYPE_CHECKING:
    from collections.abc import Sequence


def joined(pieces: Sequence[bytes]) -> list[bytes]:
    """The byte strings to write one after the other."""
    return [pack(f"<I{len(pieces)}Q", len(pieces), *map(len, pieces)), *pieces]


def parted(data: bytes, count: int) -> list[bytes] | None:
    """The pieces of what was written, None where there are not `count` or their lengths are not those of the data."""
    try:
        (found,) = unpack_from("<I", data)
        if found != count:
            return None
        lengths = unpack_from(f"<{count}Q", data, 4)
    except StructError:
        return None
    at = 4 + 8 * count
    if at + sum(lengths) != len(data):
        return None
    pieces: list[bytes] = []
    for length in lengths:
        pieces.append(data[at : at + length])
        at += length
    return pieces
