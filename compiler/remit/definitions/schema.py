"""The language as a JSON Schema, for editors: completion and a first check while somebody types.

It says less than the compiler does: what several keys mean together, and all that is in other files, it cannot see.
"""

from typing import Any

from pydantic.json_schema import models_json_schema

from remit.definitions import KINDS, Root

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: str | None = None) -> dict[str, Any]:
    """The JSON Schema 2020-12 of one kind, or of all kinds and `remit.yaml` together.

    Raises:
        KeyError: there is no such kind.
    """
    if kind is not None:
        return {"$schema": DIALECT, **KINDS[kind].model_json_schema()}
    models = [Root, *KINDS.values()]
    references, definitions = models_json_schema([(model, "validation") for model in models])
    choices: list[dict[str, Any]] = [
        {"if": _has_kind(name), "then": references[model, "validation"]} for name, model in KINDS.items()
    ]
    no_kind = {"if": {"required": ["kind"]}, "else": references[Root, "validation"]}
    return {
        "$schema": DIALECT,
        "title": "Remit definitions",
        "type": "object",
        "properties": {"kind": {"enum": list(KINDS)}},
        "allOf": [*choices, no_kind],
        "$defs": definitions["$defs"],
    }


def _has_kind(name: str) -> dict[str, Any]:
    return {"properties": {"kind": {"const": name}}, "required": ["kind"]}
