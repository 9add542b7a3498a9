"""The strict builder: one pass over the events of libyaml gives values, places and faults, and never recurses.

It refuses what that parser accepts and a definition must not hold: tags, directives, anchors and aliases (so no
document grows when it is read), duplicate and non-text keys, a second document, and depth or size without bound.
"""

from typing import Any, Final, NamedTuple

from remit.diagnostic import Fault
from remit.read.events import Event, Mark, events_of_clib
from remit.read.file import Place, Places, ReadFile, Value, file_fault, nothing_read, span_of
from remit.read.scalars import MAX_NUMBER_LENGTH, NUMERIC, SPECIAL, misread_as, plain_value, too_long
from remit.read.text import read_text
from remit.source import Span

MAX_DEPTH = 64
MAX_EVENTS = 50_000
"""Scalars, collections and their ends in one file."""
MAX_FAULTS = 100
"""Faults told of one file."""

_WAITING: Final = object()
_DROPPED: Final = object()
_ITEM: Final = object()
_NOWHERE: Final = (0, 0, 0, 0)


def read(path: str, content: bytes) -> ReadFile:
    """The value, places and faults of one definition file, for any bytes whatever.

    The time is linear in the length, which is capped. The value is the YAML 1.2 core schema's, with exact
    decimals for numbers that have a fraction; keys are always text.
    """
    text = read_text(path, content)
    if isinstance(text, Fault):
        return nothing_read(path, text)
    faults = list(text.faults)
    document = _first_document(path, text.content, faults)
    if document.complete and not isinstance(document.root, dict):
        faults.append(_not_a_mapping(document))
    told = faults if len(faults) <= MAX_FAULTS else _told(path, faults)
    return ReadFile(path, document.root, document.complete, tuple(told), document.root_place, document.places)


def _told(path: str, faults: list[Fault]) -> list[Fault]:
    """As many faults as one report can use: the first ones, the last, at which reading may have stopped, a count."""
    others = file_fault("too-many-faults", path, str(len(faults) - MAX_FAULTS))
    return [*faults[: MAX_FAULTS - 1], faults[-1], others]


def _first_document(path: str, content: bytes, faults: list[Fault]) -> "_Document":
    """The first document of `content`, as far as it can be read."""
    clib = events_of_clib()
    document = _Document(path, content.decode(), faults)
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
    try:
        for _ in range(MAX_EVENTS):
            event = next_event()
            action = act.get(event.__class__)
            if action is not None:
                action(event)
            if document.over:
                return document
    except clib.error as error:
        faults.append(_syntax_fault(path, document.text, error))
    else:
        document.fault("too-many-values", document.last, str(MAX_EVENTS))
    document.break_off()
    return document


def _not_a_mapping(document: "_Document") -> Fault:
    """The fault of a whole document that is no mapping."""
    if not document.started:
        return file_fault("empty", document.path)
    kind = "a list" if isinstance(document.root, list) else "nothing" if document.root is None else "a scalar"
    line, column = document.root_place[:2]
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


class _Opened(NamedTuple):
    """What waits while a mapping or list inside it is read."""

    here: Any
    here_places: Any
    key: object
    slot: object
    start: Place


class _Document:
    """The first document of a file while its events come in; each method takes one kind of event.

    `here` is the open mapping or list, and `key` the key of the value that comes next: `_WAITING` before a key,
    `_ITEM` in a list, `_DROPPED` where the key is no use and the value is read for its faults only.
    """

    def __init__(self, path: str, text: str, faults: list[Fault]) -> None:
        self.path = path
        self.text = text
        self.faults = faults
        self.root: Value = None
        self.root_place: Place = _NOWHERE
        self.places: dict[int, Places] = {}
        self.stack: list[_Opened] = []
        self.here: Any = None
        self.here_places: Any = None
        self.key: Any = None
        self.key_place = self.last = _NOWHERE
        self.started = False
        self.complete = self.over = False

    def fault(self, kind: str, place: Place, subject: str = "", other: Place | None = None) -> None:
        elsewhere = span_of(self.path, other) if other else None
        self.faults.append(Fault(kind, span_of(self.path, place), subject, (), elsewhere))

    def scalar(self, event: Event) -> None:
        self.last = place = _place(event)
        text = event.value
        plain, quoted = event.implicit
        if event.anchor is not None or not (plain or quoted):
            self.refuse_properties(event, place)
        special = plain and (text in SPECIAL or text[0] in NUMERIC)
        if self.key is _WAITING:
            self.take_key(text, place, special)
            before = event.start_mark.index - 1
            if before >= 0 and self.text[before] == "?":
                self.fault("glued-mark", place, text)
        else:
            self.put(self.plain(text, place) if special else text, place)

    def take_key(self, text: str, place: Place, special: bool) -> None:
        self.key, self.key_place = text, place
        if special:
            if not isinstance(plain_value(text), str):
                self.fault("not-a-text-key", place, text)
            elif misread_as(text):
                self.fault("implicit-type", place, text)
        if text in self.here:
            self.fault("duplicate-key", place, text, self.here_places[text][0])
            self.key = _DROPPED

    def plain(self, text: str, place: Place) -> Value:
        if too_long(text):
            self.fault("number-too-long", place, text[:MAX_NUMBER_LENGTH])
        elif misread_as(text):
            self.fault("implicit-type", place, text)
        return plain_value(text)

    def put(self, value: Value, place: Place) -> None:
        """Puts a value where the next one belongs."""
        key, here = self.key, self.here
        if here is None:
            self.root, self.root_place = value, place
        elif key is _ITEM:
            self.here_places[len(here)] = (place, place)
            here.append(value)
        else:
            if key is not _DROPPED:
                here[key] = value
                self.here_places[key] = (self.key_place, place)
            self.key = _WAITING

    def mapping(self, event: Event) -> None:
        self.open(event, {}, _WAITING)

    def sequence(self, event: Event) -> None:
        self.open(event, [], _ITEM)

    def open(self, event: Event, value: Value, key: object) -> None:
        place = _place(event)
        if event.anchor is not None or not event.implicit:
            self.refuse_properties(event, place)
        if len(self.stack) == MAX_DEPTH:
            self.fault("too-deep", place, str(MAX_DEPTH))
            self.break_off()
            self.over = True
            return
        if self.key is _WAITING:
            self.fault("not-a-scalar-key", place, "a list" if key is _ITEM else "a mapping")
            opened = _Opened(self.here, self.here_places, _DROPPED, _DROPPED, place)
        else:
            slot = len(self.here) if self.key is _ITEM else self.key
            self.put(value, place)
            opened = _Opened(self.here, self.here_places, self.key, slot, place)
        self.stack.append(opened)
        self.here, self.key = value, key
        self.here_places = self.places[id(value)] = {}

    def close(self, event: Event) -> None:
        """Ends the open mapping or list: at its bracket, or, a block having none, after its last scalar."""
        end = event.end_mark
        if end.index > event.start_mark.index:
            self.last = (end.line, end.column, end.line, end.column)
        self.end_open()

    def end_open(self) -> None:
        """Ends the open mapping or list after what was read last."""
        self.here, self.here_places, self.key, slot, opened = self.stack.pop()
        place = (opened[0], opened[1], self.last[2], self.last[3])
        if self.here is None:
            self.root_place = place
        elif slot is not _DROPPED:
            key_place = self.here_places[slot][0] if isinstance(slot, str) else place
            self.here_places[slot] = (key_place, place)

    def break_off(self) -> None:
        """Ends everything that is open where reading stopped, which is the place of the last fault."""
        line, column = self.faults[-1].span.start
        self.last = (line - 1, column - 1, line - 1, column - 1)
        while self.stack:
            self.end_open()

    def alias(self, event: Event) -> None:
        place = _place(event)
        self.fault("alias", place, event.anchor or "")
        if self.key is _WAITING:
            self.key = _DROPPED
        else:
            self.put(None, place)

    def begin(self, event: Event) -> None:
        """Starts the document; a second one ends the reading of the file."""
        place = _place(event)
        if self.started:
            self.fault("second-document", place)
            self.complete = self.over = True
        elif event.version or event.tags:
            self.fault("directive", place)
        self.started = True

    def finish(self, _event: Event) -> None:
        self.complete = self.over = True

    def refuse_properties(self, event: Event, place: Place) -> None:
        """Tells of the anchor and the tag that stand before a value."""
        line, column = place[:2]
        if event.anchor is not None:
            self.fault("anchor", (line, column, line, column + 1 + len(event.anchor)), event.anchor)
        if event.implicit in (False, (False, False)):
            self.fault("tag", place, str(event.tag))


def _place(event: Event) -> Place:
    start, end = event.start_mark, event.end_mark
    return (start.line, start.column, end.line, end.column)
