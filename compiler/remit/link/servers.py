"""Servers of tools: the reviewed result of `tools/list` in a file, a list of tools with a name and a schema each."""

from typing import cast

from remit.definitions.leaves import Leaf
from remit.diagnostic import Fault
from remit.link.named_files import named_json, named_source
from remit.link.work import Work
from remit.read import Path, read


def link_server(work: Work, base: str, leaf: Leaf) -> None:
    """Reads the pinned tools of a server (MCP 2025-06-18, "Listing Tools") and checks their form."""
    named = named_json(work, base, leaf.path, leaf.value)
    if named is None:
        return
    path, value = named
    flaw = _flaw(value)
    if flaw is not None:
        at, reason = flaw
        file = read(path, named_source(work, base, path))
        work.faults.append(Fault("invalid-json-schema", file.value_span(file.locate(at)), reason))


def _flaw(value: object) -> tuple[Path, str] | None:
    listed = cast("dict[str, object]", value).get("tools") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        return (), "the result of `tools/list` is an object with a list `tools`"
    names: set[str] = set()
    for index, tool in enumerate(cast("list[object]", listed)):
        at: Path = ("tools", index)
        one = cast("dict[str, object]", tool) if isinstance(tool, dict) else {}
        name = one.get("name")
        if not isinstance(name, str) or not isinstance(one.get("inputSchema"), dict):
            return at, "a tool has a text `name` and an object `inputSchema`"
        if name in names:
            return (*at, "name"), f"`{name}` stands twice in the list"
        names.add(name)
    return None
