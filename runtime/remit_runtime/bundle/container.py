"""The layout of a `*.remit` file: magic, length, canonical manifest, objects in digest order.

    REMITB0\\n | u64 big-endian length of the manifest | manifest | object | object | ...

Nothing is compressed, named or extracted. The manifest's table covers the file exactly: objects stand in ascending
order of their digests without gaps or overlaps, so equal contents give equal bytes and there is no room for anything
that the table does not list. What the table lists must be what the manifest reaches, no more and no less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.limits import MAX_FILE_BYTES, MAX_MANIFEST_BYTES, MAX_OBJECT_BYTES, MAX_OBJECTS
from remit_runtime.bundle.manifest import Manifest, StoredObject
from remit_runtime.bundle.references import reached
from remit_runtime.bundle.words import FORMAT
from remit_runtime.canonical import (
    Digest,
    canonical_json,
    decode_json_full,
    decode_strict,
    digest_of,
    is_digest,
)
from remit_runtime.errors import BundleRejected, NotCanonical

MAGIC = b"REMITB%d\n" % FORMAT

_ANY_VERSION = re.compile(rb"REMITB[0-9]\n")
_HEADER = len(MAGIC) + 8

T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """The objects of a bundle, by digest, as views into its bytes."""

    data: memoryview
    places: Mapping[Digest, slice]

    def bytes_of(self, digest: Digest) -> bytes:
        """The bytes of one object.

        Raises:
            BundleRejected: `object_missing`, or `object_digest` when the bytes are not those of the digest.
        """
        place = self.places.get(digest)
        if place is None:
            raise BundleRejected("object_missing", f"the bundle names object `{digest}` and does not hold it")
        found = bytes(self.data[place])
        # Checked at every decode: where the system cannot seal memory, this finds a change since opening.
        if digest_of(found) != digest:
            raise BundleRejected("object_digest", f"the bytes of object `{digest}` have another digest")
        return found

    def typed(self, digest: Digest, shape: type[T]) -> T:
        """One object, decoded strictly.

        Raises:
            BundleRejected: as `bytes_of`, or `object_malformed`.
        """
        try:
            return decode_strict(self.bytes_of(digest), shape)
        except NotCanonical as error:
            name = shape.__name__
            raise BundleRejected(
                "object_malformed", f"object `{digest}` is not a canonical `{name}`"
            ) from error

    def json(self, digest: Digest) -> bytes:
        """One object that is any JSON (a schema), as its canonical bytes.

        Raises:
            BundleRejected: as `typed`.
        """
        data = self.bytes_of(digest)
        try:
            decode_json_full(data)
        except NotCanonical as error:
            raise BundleRejected("object_malformed", f"object `{digest}` is not canonical JSON") from error
        return data


@dataclass(frozen=True)
class Contents:
    """A bundle whose layout holds: every byte is accounted for, nothing is signed or trusted yet."""

    manifest: Manifest
    objects: Stored
    agents: Mapping[str, AgentIR]
    schemas: frozenset[Digest]


def build(manifest: Manifest, objects: Mapping[Digest, bytes]) -> bytes:
    """The bytes of a bundle: `manifest` with its table filled in, then the objects. A function of its arguments alone.

    Raises:
        RuntimeError: an object stands under a digest that is not its own.
    """
    order = sorted(objects)
    for digest in order:
        if digest_of(objects[digest]) != digest:
            raise RuntimeError(f"object `{digest}` stands under a digest that is not its own")
    table = tuple(StoredObject(digest, len(objects[digest])) for digest in order)
    head = canonical_json(msgspec.structs.replace(manifest, objects=table))
    return b"".join((MAGIC, len(head).to_bytes(8, "big"), head, *(objects[digest] for digest in order)))


def read(data: bytes | memoryview) -> Contents:
    """The contents of a bundle's bytes, once every rule of the layout holds.

    Prompts, schemas, the policy and the source map are not decoded here; closures, cards, tools and models are, to
    follow their references.

    Raises:
        BundleRejected: a rule does not hold; `code` says which.
    """
    view = memoryview(data).toreadonly()
    manifest, start = _manifest(view)
    objects = Stored(view, _places(manifest, start, len(view)))
    for digest in objects.places:
        objects.bytes_of(digest)
    found = reached(manifest, objects.typed)
    missing = found.named - objects.places.keys()
    if missing:
        raise BundleRejected(
            "object_missing", f"the bundle names object `{min(missing)}` and does not hold it"
        )
    extra = objects.places.keys() - found.named
    if extra:
        raise BundleRejected("object_unreferenced", f"nothing in the bundle names its object `{min(extra)}`")
    return Contents(manifest, objects, found.agents, found.schemas)


def _manifest(view: memoryview) -> tuple[Manifest, int]:
    """The manifest and the offset of the first object."""
    if len(view) > MAX_FILE_BYTES:
        raise BundleRejected("too_large", f"the bundle is larger than {MAX_FILE_BYTES} bytes")
    magic = bytes(view[: len(MAGIC)])
    if magic != MAGIC:
        if _ANY_VERSION.fullmatch(magic):
            raise BundleRejected("format_unknown", "the bundle has a format that this runtime does not know")
        raise BundleRejected("not_a_bundle", "the file is not a bundle")
    length = int.from_bytes(view[len(MAGIC) : _HEADER], "big")
    if length > MAX_MANIFEST_BYTES:
        raise BundleRejected("manifest_too_large", f"the manifest is larger than {MAX_MANIFEST_BYTES} bytes")
    if _HEADER + length > len(view):
        raise BundleRejected("truncated", "the bundle ends inside its manifest")
    try:
        manifest = decode_strict(bytes(view[_HEADER : _HEADER + length]), Manifest)
    except NotCanonical as error:
        raise BundleRejected(
            "manifest_malformed", "the manifest is not canonical or has another shape"
        ) from error
    if manifest.format != FORMAT:
        raise BundleRejected("format_unknown", "the bundle has a format that this runtime does not know")
    ids = [entry.id for entry in manifest.agents]
    if ids != sorted(set(ids)):
        raise BundleRejected("agents_unordered", "the manifest lists its agents twice or out of order")
    return manifest, _HEADER + length


def _places(manifest: Manifest, start: int, end: int) -> dict[Digest, slice]:
    """Where each object stands: one after the other from `start`, the last ending at `end`."""
    if len(manifest.objects) > MAX_OBJECTS:
        raise BundleRejected("too_many_objects", f"the bundle lists more than {MAX_OBJECTS} objects")
    places: dict[Digest, slice] = {}
    previous = ""
    for entry in manifest.objects:
        if not is_digest(entry.digest) or entry.digest <= previous:
            raise BundleRejected(
                "table_unordered", "the object table has no digest, or one twice or out of order"
            )
        if not 0 <= entry.length <= MAX_OBJECT_BYTES:
            raise BundleRejected(
                "object_too_large", f"object `{entry.digest}` has a length outside the limits"
            )
        places[entry.digest] = slice(start, start + entry.length)
        start += entry.length
        previous = entry.digest
    if start > end:
        raise BundleRejected("truncated", "the bundle ends inside its objects")
    if start < end:
        raise BundleRejected("trailing_bytes", "the bundle holds bytes that its table does not list")
    return places
