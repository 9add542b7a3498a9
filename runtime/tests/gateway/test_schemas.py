"""Schemas are compiled once, and their compiler fetches nothing."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from remit_runtime.canonical import Digest, digest_of
from remit_runtime.errors import BundleRejected
from remit_runtime.gateway.schemas import Schemas, compiled


def test_a_reference_outside_the_schema_is_refused_and_nobody_is_asked() -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)

        def listen() -> None:
            try:
                connection, _ = server.accept()
            except TimeoutError:
                return
            asked.append(b"asked")
            connection.close()

        listener = threading.Thread(target=listen)
        listener.start()
        document = {"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"}
        with pytest.raises(BundleRejected):
            compiled(json.dumps(document).encode())
        listener.join()
    assert asked == []


@pytest.mark.parametrize(
    "data", [b"{", b'{"type": "nothing"}', b'{"$ref": "file:///etc/passwd"}', b'{"pattern": "("}']
)
def test_what_is_no_schema_of_its_own_refuses_the_bundle(data: bytes) -> None:
    with pytest.raises(BundleRejected) as rejected:
        compiled(data)
    assert rejected.value.code == "schema_invalid"


def test_faults_name_places_and_never_values() -> None:
    schema = compiled(b'{"properties": {"a": {"items": {"maxLength": 2}}}, "required": ["b"]}')
    faults = schema.faults({"a": ["x", "hunter2"]})
    assert sorted(faults) == ["`/` lacks `b`", "`/a/1` does not satisfy `maxLength`"]
    assert schema.faults({"b": 1}) == []


def test_a_schema_is_compiled_once() -> None:
    data = b'{"type": "object"}'
    read: list[Digest] = []

    def bytes_of(digest: Digest) -> bytes:
        read.append(digest)
        return data

    schemas = Schemas(bytes_of)
    assert schemas.schema(digest_of(data)) is schemas.schema(digest_of(data))
    assert len(read) == 1
