"""The filters of prompts, over values that are known while compiling. None gives more than it is paid for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from remit.prompt.refusal import Meter
from remit.prompt.values import Value, is_integer, is_list, is_object, json_of, kind_of, text_of

MAX_INDENT = 80


@dataclass(frozen=True)
class Given:
    """What a filter is put on, with its arguments, and who pays for what it gives."""

    meter: Meter
    value: Value
    args: Sequence[Value]
    named: Mapping[str, Value]


Filter = Callable[[Given], Value]


class Unfit(ValueError):
    """A filter cannot be put on a value, or not with these arguments; the text is the end of a sentence."""


def filtered(
    name: str, meter: Meter, value: Value, args: Sequence[Value], named: Mapping[str, Value]
) -> Value:
    """The value that a filter gives.

    Raises:
        Unfit: it takes no such value or arguments.
        Exhausted: it would give more than any template may.
    """
    meter.whole(value)
    return FILTERS[name](Given(meter, value, args, named))


def _plain(act: Callable[[str], str]) -> Filter:
    def apply(given: Given) -> Value:
        _bound(given)
        return act(_string(given.value))

    return apply


def _join(given: Given) -> Value:
    between = _string(_bound(given, "d").get("d", ""))
    texts = [text_of(item) for item in _list(given.value)]
    given.meter.text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _length(given: Given) -> Value:
    _bound(given)
    value = given.value
    if isinstance(value, str) or is_list(value) or is_object(value):
        return len(value)
    raise Unfit(f"takes a string, a list or an object, not {kind_of(value)}")


def _first(given: Given) -> Value:
    return _end(given, 0)


def _last(given: Given) -> Value:
    return _end(given, -1)


def _end(given: Given, index: int) -> Value:
    _bound(given)
    items = _list(given.value)
    if not items:
        raise Unfit("takes a list that is not empty")
    return items[index]


def _sort(given: Given) -> Value:
    by, items = _bound(given, "attribute"), _list(given.value)
    keys = [_attribute(item, by["attribute"]) if "attribute" in by else item for item in items]
    texts, numbers = [key for key in keys if isinstance(key, str)], [key for key in keys if is_integer(key)]
    if len(texts) != len(keys) and len(numbers) != len(keys):
        raise Unfit("takes a list of strings or of numbers")
    given.meter.pay(len(items) * 4)
    order = sorted(range(len(items)), key=texts.__getitem__ if texts else numbers.__getitem__)
    return [items[index] for index in order]


def _map(given: Given) -> Value:
    if given.args or set(given.named) != {"attribute"}:
        raise Unfit("takes `attribute=` and nothing else")
    return [_attribute(item, given.named["attribute"]) for item in _list(given.value)]


def _indent(given: Given) -> Value:
    how = _bound(given, "width", "first", "blank")
    width, text = how.get("width", 4), _string(given.value)
    if not is_integer(width) or not 0 <= width <= MAX_INDENT:
        raise Unfit(f"takes a width of 0 to {MAX_INDENT}")
    lines = text.split("\n")
    given.meter.text(len(text) + width * len(lines))
    pad = " " * width
    padded = [
        line if (at == 0 and not how.get("first")) or not (line or how.get("blank")) else pad + line
        for at, line in enumerate(lines)
    ]
    return "\n".join(padded)


def _tojson(given: Given) -> Value:
    _bound(given)
    return json_of(given.value)


FILTERS: dict[str, Filter] = {
    "capitalize": _plain(str.capitalize),
    "first": _first,
    "indent": _indent,
    "join": _join,
    "last": _last,
    "length": _length,
    "lower": _plain(str.lower),
    "map": _map,
    "sort": _sort,
    "tojson": _tojson,
    "trim": _plain(str.strip),
    "upper": _plain(str.upper),
}


def _bound(given: Given, *names: str) -> dict[str, Value]:
    """The arguments of a filter by name."""
    by_place = dict(zip(names, given.args, strict=False))
    twice = by_place.keys() & given.named.keys()
    if len(given.args) > len(names) or twice or not given.named.keys() <= set(names):
        takes = " and ".join(f"`{name}`" for name in names)
        raise Unfit(f"takes {takes}" if takes else "takes no arguments")
    return {**by_place, **given.named}


def _attribute(item: Value, name: Value) -> Value:
    if not isinstance(name, str):
        raise Unfit("takes the name of an attribute")
    if not is_object(item) or name not in item:
        raise Unfit(f"finds no `{name}` in {kind_of(item)}")
    return item[name]


def _string(value: Value) -> str:
    if not isinstance(value, str):
        raise Unfit(f"takes a string, not {kind_of(value)}")
    return value


def _list(value: Value) -> Sequence[Value]:
    if not is_list(value):
        raise Unfit(f"takes a list, not {kind_of(value)}")
    return value
