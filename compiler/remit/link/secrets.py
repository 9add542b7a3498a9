"""Secrets in the text of definitions, and of the files that they name."""

from __future__ import annotations

from collections.abc import Iterable

from remit.definitions import DataClass
from remit.diagnostic import Fault
from remit.redact import SecretForm, drawn_values, secret_form, secrets_in
from remit.source import Position, Span

LITERAL = "literal-secret"
IN_PROMPT = "secret-in-prompt"
DRAWN = "high-entropy-string"


def secret_forms(classes: Iterable[DataClass]) -> tuple[SecretForm, ...]:
    """The forms of secrets that the data classes of sensitivity `secret` describe, in the order of the classes."""
    return tuple(
        secret_form(one.metadata.id, name, pattern)
        for one in classes
        if one.spec.sensitivity == "secret"
        for name, pattern in one.spec.patterns.items()
    )


def secret_faults(path: str, content: bytes, forms: tuple[SecretForm, ...], kind: str) -> list[Fault]:
    """A fault for each secret in the text of a file: its form, and the data class of the form."""
    text = content.decode(errors="replace")
    return [
        Fault(kind, _span(path, text, one.start, one.end), one.form.id, (one.form.data_class,))
        for one in secrets_in(text, forms)
    ]


def drawn_faults(path: str, content: bytes, secrets: Iterable[Fault]) -> list[Fault]:
    """A fault for each value of a definition that looks drawn by lot and stands under a key named like a secret.

    What is one of the `secrets` already is left out.
    """
    text = content.decode(errors="replace")
    known = {fault.span.start for fault in secrets}
    faults = [Fault(DRAWN, _span(path, text, start, end), key) for start, end, key in drawn_values(text)]
    return [fault for fault in faults if fault.span.start not in known]


def _span(path: str, text: str, start: int, end: int) -> Span:
    return Span(path, _position(text, start), _position(text, end))


def _position(text: str, offset: int) -> Position:
    """The place of an offset; lines end at LF, CRLF or CR (YAML 1.2 section 5.4)."""
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    return Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
