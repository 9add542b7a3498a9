"""Diagnostics as SARIF 2.1.0, which code scanning services read (OASIS SARIF 2.1.0 errata 01)."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from json import dumps
from typing import Any
from urllib.parse import quote

from remit.diagnostic import Diagnostic, Note, RulePage, Suppressed
from remit.source import Sources, Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "remitFinding/v1"


def sarif_report(
    diagnostics: Sequence[Diagnostic],
    sources: Sources,
    rules: Sequence[RulePage],
    version: str,
    suppressed: Sequence[Suppressed] = (),
) -> str:
    """The diagnostics as one SARIF log with one run; `rules` are the pages of all rules, `version` is the tool's.

    Results that are suppressed follow the others and say so (SARIF 2.1.0 §3.27.23).
    """
    indices = {page.code: index for index, page in enumerate(rules)}
    everything = [*diagnostics, *(one.found for one in suppressed)]
    hidden = [*(None for _ in diagnostics), *suppressed]
    prints = _fingerprints(everything, sources)
    driver = {"name": "remit", "version": version, "rules": [_rule(page) for page in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",  # SARIF 2.1.0 §3.14.17
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The folder of remit.yaml."}}},
        "results": [
            _result(found, indices.get(found.code), mark, by)
            for found, mark, by in zip(everything, prints, hidden, strict=True)
        ],
    }
    return dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(page: RulePage) -> dict[str, Any]:
    return {
        "id": page.code,
        "name": page.name,
        "shortDescription": {"text": page.summary},
        "help": {"text": page.markdown, "markdown": page.markdown},
        "defaultConfiguration": {"level": page.severity},
    }


def _result(
    found: Diagnostic, index: int | None, fingerprint: str, hidden: Suppressed | None
) -> dict[str, Any]:
    advice = f"\nhelp: {found.help}" if found.help else ""
    related = [_related(note, number) for number, note in enumerate(found.notes, 1)]
    return {
        "ruleId": found.code,
        **({} if index is None else {"ruleIndex": index}),
        "level": found.severity,
        "message": {"text": found.message + advice},
        "locations": [{"physicalLocation": _location(found.span)}],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {FINGERPRINT: fingerprint},
        **({} if hidden is None else {"suppressions": [_suppression(hidden)]}),
    }


def _suppression(hidden: Suppressed) -> dict[str, Any]:
    """Why a result is suppressed: outside the source that it is about, which is accepted (SARIF 2.1.0 §3.35)."""
    why = f"{hidden.reason} ({hidden.owner}, until {hidden.expires})"
    return {"kind": "external", "status": "accepted", "justification": why}


def _related(note: Note, number: int) -> dict[str, Any]:
    place = {"physicalLocation": _location(note.span)} if note.span else {}
    return {"id": number, "message": {"text": note.message}, **place}


def _location(span: Span) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": quote(span.path), "uriBaseId": "SRCROOT"},
        "region": {
            "startLine": span.start.line,
            "startColumn": span.start.column,
            "endLine": span.end.line,
            "endColumn": span.end.column,
        },
    }


def _fingerprints(diagnostics: Sequence[Diagnostic], sources: Sources) -> list[str]:
    """For each finding a name that stays when lines are put in above it (SARIF 2.1.0 §3.27.17).

    It is made of the rule, the file, the message, the text of the line and, where these are alike, their order.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    marks: list[str] = []
    for found in diagnostics:
        source = sources(found.span.path)
        line = (source.line(found.span.start.line) or "") if source else ""
        facts = (found.code, found.span.path, found.message, line.strip())
        text = "\0".join((*facts, str(seen[facts])))
        seen[facts] += 1
        marks.append(sha256(text.encode(errors="replace")).hexdigest()[:32])
    return marks
