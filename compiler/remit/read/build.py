"""The strict builder: one pass over the events of libyaml gives values and faults, and never recurses.

It refuses what that parser accepts and a definition must not hold: tags, directives, anchors and aliases (so no
document grows when it is read), duplicate and non-text keys, a second document, and depth or size without bound.
"""

from typing import Any, Final

from remit.diagnostic import Fault
from remit.read.events import Event, Mark, events_of_clib
from remit.read.file import ReadFile, Value, file_fault, nothing_read, span_of
from remit.read.places import MAX_DEPTH, MAX_EVENTS, Path, Place, Places, place_of
from remit.read.scalars import MAX_NUMBER_LENGTH, NUMERIC, SPECIAL, meaning_of
from remit.read.text import read_text
from remit.source import Span

MAX_FAULTS = 100
"""Faults told of one file."""

_WAITING: Final = object()
_DROPPED: Final = object()
_ITEM: Final = object()


def read(path: str, content: bytes) -> ReadFile:
    """The value, places and faults of one definition file, for any bytes whatever.

    The time is linear in the length, which is capped. The value is the YAML 1.2 core schema's, with exact
    decimals for numbers that have a fraction; keys are always text.
    """
    text = read_text(path, content)
    if isinstance(text, Fault):
        return nothing_read(path, text)
    faults = list(text.faults)
    places = Places(text.content)
    document = _first_document(path, text.content, places, faults)
    if document.complete and not isinstance(document.root, dict):
        faults.append(_not_a_mapping(document))
    told = faults if len(faults) <= MAX_FAULTS else _told(path, faults)
    return ReadFile(path, document.root, document.complete, tuple(told), places)


def _told(path: str, faults: list[Fault]) -> list[Fault]:
    """As many faults as one report can use: the first ones, the last, at which reading may have stopped, a count."""
    others = file_fault("too-many-faults", path, str(len(faults) - MAX_FAULTS))
    return [*faults[: MAX_FAULTS - 1], faults[-1], others]


def _first_document(path: str, content: bytes, places: Places, faults: list[Fault]) -> "_Document":
    """The first document of `content`, as far as it can be read."""
    clib = events_of_clib()
    document = _Document(path, content, places, faults)
    act = {
        clib.scalar: document.scalar,
        clib.mapping_start: document.mapping,
        clib.sequence_start: document.sequence,
        clib.mapping_end: document.close,
        clib.sequence_end: document.close,
        clib.alias: document.alias,
        clib.document_start: document.begin,
        clib.stream_end: document.finish,
    }
    next_event = clib.parser(content).get_event
    event: Any = None
    try:
        for _ in range(MAX_EVENTS):
            event = next_event()
            action = act.get(event.__class__)
            if action is not None:
                action(event)
            if document.over:
                return document
    except clib.error as error:
        faults.append(_syntax_fault(path, content.decode(), error))
        return document
    document.fault("too-many-values", place_of(event), str(MAX_EVENTS))
    return document


def _not_a_mapping(document: "_Document") -> Fault:
    """The fault of a whole document that is no mapping."""
    if not document.started:
        return file_fault("empty", document.path)
    kind = "a list" if isinstance(document.root, list) else "nothing" if document.root is None else "a scalar"
    line, column = document.places.value(())[:2]
    return Fault("not-a-mapping", span_of(document.path, (line, column, line, column + 1)), kind)


def _syntax_fault(path: str, text: str, error: Any) -> Fault:
    """The fault of a file that is no YAML, in the words of the parser.

    `expected` holds what it was doing and the character it stopped at, `other` where its trouble began.
    """
    at, began = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    words = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "the text is no YAML")
    if at is None:
        return file_fault("syntax", path, words)
    facts = (str(getattr(error, "context", None) or ""), text[at.index : at.index + 1])
    return Fault("syntax", _one_column(path, at), words, facts, _one_column(path, began) if began else None)


def _one_column(path: str, mark: Mark) -> Span:
    return span_of(path, (mark.line, mark.column, mark.line, mark.column + 1))


class _Document:
    """The first document of a file while its events come in; each method takes one kind of event.

    `here` is the open mapping or list, and `key` the key of the value that comes next: `_WAITING` before a key,
    `_ITEM` in a list, `_DROPPED` where the key is no use and the value is read for its faults only. The stack holds
    for each open mapping or list what it stands in, the key to go on with there, and the step that leads to it.
    """

    def __init__(self, path: str, content: bytes, places: Places, faults: list[Fault]) -> None:
        self.path = path
        self.places = places
        self.faults = faults
        self.has_marks = b"?" in content
        self.text = content.decode() if self.has_marks else ""
        self.root: Value = None
        self.stack: list[tuple[Any, object, Any]] = []
        self.here: Any = None
        self.key: Any = None
        self.started = self.complete = self.over = False

    def fault(self, kind: str, place: Place, subject: str = "") -> None:
        self.faults.append(Fault(kind, span_of(self.path, place), subject))

    def scalar(self, event: Event) -> None:
        text = event.value
        plain, quoted = event.implicit
        if event.anchor is not None or not (plain or quoted):
            self.refuse_properties(event)
        special = plain and (text in SPECIAL or text[0] in NUMERIC)
        if self.key is _WAITING:
            self.take_key(event, text, special)
        else:
            self.put(self.plain(event, text) if special else text)

    def take_key(self, event: Event, text: str, special: bool) -> None:
        fault = meaning_of(text).key_fault if special else None
        if fault is not None:
            self.fault(fault, place_of(event), text)
        if self.has_marks and self.text[event.start_mark.index - 1] == "?" and event.start_mark.index:
            self.fault("glued-mark", place_of(event), text)
        if text in self.here:
            first = self.path_to(text)
            other = None if first is None else span_of(self.path, self.places.key(first))
            self.faults.append(Fault("duplicate-key", span_of(self.path, place_of(event)), text, (), other))
            self.key = _DROPPED
        else:
            self.key = text

    def path_to(self, key: str) -> Path | None:
        """The path of a key of the open mapping, None where that is dropped."""
        steps = (*(step for _, _, step in self.stack[1:]), key)
        return None if _DROPPED in steps else steps

    def plain(self, event: Event, text: str) -> Value:
        value, fault, _ = meaning_of(text)
        if fault is not None:
            self.fault(fault, place_of(event), text[:MAX_NUMBER_LENGTH])
        return value

    def put(self, value: Value) -> None:
        """Puts a value where the next one belongs."""
        key = self.key
        if key is _ITEM:
            self.here.append(value)
        elif key is None:
            self.root = value
        else:
            if key is not _DROPPED:
                self.here[key] = value
            self.key = _WAITING

    def mapping(self, event: Event) -> None:
        self.open(event, {}, _WAITING)

    def sequence(self, event: Event) -> None:
        self.open(event, [], _ITEM)

    def open(self, event: Event, value: Value, key: object) -> None:
        if event.anchor is not None or not event.implicit:
            self.refuse_properties(event)
        if len(self.stack) == MAX_DEPTH:
            self.fault("too-deep", place_of(event), str(MAX_DEPTH))
            self.over = True
        elif self.key is _WAITING:
            self.fault("not-a-scalar-key", place_of(event), "a list" if key is _ITEM else "a mapping")
            self.stack.append((self.here, _DROPPED, _DROPPED))
        else:
            step = len(self.here) if self.key is _ITEM else self.key
            self.put(value)
            self.stack.append((self.here, self.key, step))
        self.here, self.key = value, key

    def close(self, _event: Event) -> None:
        self.here, self.key, _ = self.stack.pop()

    def alias(self, event: Event) -> None:
        self.fault("alias", place_of(event), event.anchor or "")
        if self.key is _WAITING:
            self.key = _DROPPED
        else:
            self.put(None)

    def begin(self, event: Event) -> None:
        """Starts the document; a second one ends the reading of the file."""
        if self.started:
            self.fault("second-document", place_of(event))
            self.complete = self.over = True
        elif event.version or event.tags:
            self.fault("directive", place_of(event))
        self.started = True

    def finish(self, _event: Event) -> None:
        self.complete = self.over = True

    def refuse_properties(self, event: Event) -> None:
        """Tells of the anchor and the tag that stand before a value."""
        line, column, *_ = place = place_of(event)
        if event.anchor is not None:
            self.fault("anchor", (line, column, line, column + 1 + len(event.anchor)), event.anchor)
        if event.implicit in (False, (False, False)):
            self.fault("tag", place, str(event.tag))
