"""Diagnostics for programs; the shape is version 1 of docs/diagnostics.md."""

from collections.abc import Sequence
from json import dumps
from typing import Any

from remit.diagnostic import Diagnostic, Edit, Note, Suppressed
from remit.source import Span

VERSION = 1


def json_report(diagnostics: Sequence[Diagnostic], suppressed: Sequence[Suppressed] = ()) -> str:
    """The diagnostics as one JSON document in ASCII, with positions from 1."""
    document = {
        "version": VERSION,
        "diagnostics": [_diagnostic(found) for found in diagnostics],
        "suppressed": [_suppressed(one) for one in suppressed],
    }
    return dumps(document, indent=2) + "\n"


def _diagnostic(found: Diagnostic) -> dict[str, Any]:
    return {
        "code": found.code,
        "name": found.name,
        "severity": found.severity,
        **_place(found.span),
        "message": found.message,
        "notes": [_note(note) for note in found.notes],
        "help": found.help,
        "edits": [_edit(edit) for edit in found.edits],
    }


def _edit(edit: Edit) -> dict[str, Any]:
    return {**_place(edit.span), "old": edit.old, "new": edit.new}


def _suppressed(one: Suppressed) -> dict[str, Any]:
    return {**_diagnostic(one.found), "reason": one.reason, "owner": one.owner, "expires": one.expires}


def _note(note: Note) -> dict[str, Any]:
    return {"message": note.message, **(_place(note.span) if note.span else {})}


def _place(span: Span) -> dict[str, Any]:
    return {
        "path": span.path,
        "line": span.start.line,
        "column": span.start.column,
        "end_line": span.end.line,
        "end_column": span.end.column,
    }
