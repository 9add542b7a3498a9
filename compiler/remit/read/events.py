"""The C event parser of ruamel.yaml.clib: its classes, typed, and imported alone."""

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NamedTuple, Protocol

import msgspec


class Mark(Protocol):
    """A place in the text; `line` and `column` are counted from 0, `index` and `column` in code points."""

    line: int
    column: int
    index: int


class Event(Protocol):
    """Any event; which of the further attributes it has goes by its class."""

    start_mark: Mark
    end_mark: Mark
    anchor: str | None
    tag: str | None
    implicit: Any
    value: str
    version: tuple[int, int] | None
    tags: dict[str, str] | None


# Made by the parser with positions only, in this order: libyaml's own of each event. No event refers to another.


class Scalar(msgspec.Struct, gc=False):
    """A scalar: whether it needs no tag as a plain one, and as a quoted one, and what it says."""

    anchor: str | None
    tag: str | None
    implicit: tuple[bool, bool]
    value: str
    start_mark: Any
    end_mark: Any
    style: str | None = None


class _Start(msgspec.Struct, gc=False):
    anchor: str | None
    tag: str | None
    implicit: bool
    start_mark: Any
    end_mark: Any
    flow_style: bool | None = None


class _End(msgspec.Struct, gc=False):
    start_mark: Any
    end_mark: Any


class MappingStart(_Start, gc=False):
    """The start of a mapping."""


class MappingEnd(_End, gc=False):
    """The end of a mapping."""


class SequenceStart(_Start, gc=False):
    """The start of a list."""


class SequenceEnd(_End, gc=False):
    """The end of a list."""


class Events(NamedTuple):
    """The parser, the base of its errors, and the classes of its events."""

    parser: Callable[[bytes], Any]
    error: type[Exception]
    scalar: type
    mapping_start: type
    mapping_end: type
    sequence_start: type
    sequence_end: type
    alias: type
    document_start: type
    document_end: type
    stream_end: type


@cache
def events_of_clib() -> Events:
    """The event parser, without the forty modules of the loader above it, which cost more than reading ten files.

    The extension imports `ruamel.yaml.events` and its like, and thereby the whole package; a bare package stands
    in meanwhile. Whoever imports `ruamel.yaml` itself afterwards gets all of it.

    Raises:
        ModuleNotFoundError: ruamel.yaml.clib is not installed; no pure parser takes its place, as two parsers
            could read one definition in two ways.
    """
    name = "ruamel.yaml"
    spec = None if name in sys.modules else find_spec(name)
    if spec is None:
        return _light(import_module("_ruamel_yaml"))
    bare = ModuleType(name)
    bare.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[name] = bare
    try:
        return _light(import_module("_ruamel_yaml"))
    finally:
        del sys.modules[name]


def _light(library: Any) -> Events:
    """The parser, which from now on makes events of ours where there are many.

    It makes an event by calling what stands under a name of its module. Those of ruamel.yaml take three calls in
    Python to be made, which is half of the time of reading; nobody else here asks this parser for events.
    """
    library.ScalarEvent = Scalar
    library.MappingStartEvent, library.MappingEndEvent = MappingStart, MappingEnd
    library.SequenceStartEvent, library.SequenceEndEvent = SequenceStart, SequenceEnd
    return Events(
        parser=library.CParser,
        error=library.YAMLError,
        scalar=Scalar,
        mapping_start=MappingStart,
        mapping_end=MappingEnd,
        sequence_start=SequenceStart,
        sequence_end=SequenceEnd,
        alias=library.AliasEvent,
        document_start=library.DocumentStartEvent,
        document_end=library.DocumentEndEvent,
        stream_end=library.StreamEndEvent,
    )
