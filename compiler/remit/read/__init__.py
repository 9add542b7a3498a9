"""Reading definition files: bytes become plain values with a place for every key and value, and faults as data."""

from remit.read.build import MAX_FAULTS, read
from remit.read.file import ReadFile, Value, nothing_read
from remit.read.places import MAX_DEPTH, MAX_EVENTS, Path
from remit.read.scalars import misread_as, plain_value
from remit.read.text import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_EVENTS",
    "MAX_FAULTS",
    "Path",
    "ReadFile",
    "Value",
    "misread_as",
    "nothing_read",
    "plain_value",
    "read",
]
