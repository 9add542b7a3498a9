"""JSON Schemas of a bundle, each compiled once, by a compiler that fetches nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import jsonschema_rs

from remit_runtime.canonical import Digest
from remit_runtime.errors import BundleRejected
from remit_runtime.models.json_text import Json

MAX_FAULTS = 8
MAX_NAME_CHARACTERS = 100


@dataclass(frozen=True)
class Schema:
    """A compiled schema and the document it was compiled from."""

    document: Mapping[str, Json]
    compiled: jsonschema_rs.Validator

    def faults(self, value: Json) -> list[str]:
        """What is wrong with a value, at most eight sentences that name places, never the value; empty if it holds."""
        if self.compiled.is_valid(value):
            return []
        found: list[str] = []
        for error in self.compiled.iter_errors(value):
            if len(found) == MAX_FAULTS:
                break
            place = "".join(f"/{step}" for step in error.instance_path) or "/"
            found.append(f"`{place}` {_fault(error.kind)}")
        return found


def _fault(kind: jsonschema_rs.ValidationErrorKind) -> str:
    """What is wrong at a place: a missing field, or one that nobody declared, by its name."""
    match kind:
        case jsonschema_rs.ValidationErrorKind.Required():
            return f"lacks `{kind.property}`"
        case jsonschema_rs.ValidationErrorKind.AdditionalProperties():
            return f"has the undeclared field `{min(kind.unexpected)[:MAX_NAME_CHARACTERS]}`"
        case _:
            return f"does not satisfy `{kind.name}`"


@dataclass(frozen=True)
class Schemas:
    """The schemas of one bundle by digest; `bytes_of` gives the verified bytes of an object."""

    bytes_of: Callable[[Digest], bytes]
    _compiled: dict[Digest, Schema] = field(default_factory=dict[Digest, Schema], repr=False)

    def schema(self, digest: Digest) -> Schema:
        """The compiled schema of an object.

        Raises:
            BundleRejected: the object is not a JSON Schema, or refers outside itself.
        """
        found = self._compiled.get(digest)
        if found is None:
            found = self._compiled[digest] = compiled(self.bytes_of(digest))
        return found


def compiled(data: bytes) -> Schema:
    """The schema that bytes hold.

    Raises:
        BundleRejected: not a JSON Schema, or one with a reference outside itself.
    """
    try:
        document = cast("Json", json.loads(data))
        # Without a retriever the compiler fetches `$ref` over HTTP while it compiles.
        validator = jsonschema_rs.validator_for(data.decode(), retriever=_refuse, validate_formats=True)
    except (ValueError, RecursionError, jsonschema_rs.ReferencingError) as error:
        raise BundleRejected(
            "schema_invalid", "a schema of the bundle is not a JSON Schema of its own"
        ) from error
    return Schema(document if isinstance(document, dict) else {}, validator)


def _refuse(uri: str) -> Json:
    raise ValueError(f"a schema refers to `{uri}`, outside itself")
