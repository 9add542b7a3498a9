"""Reports: diagnostics as text for people, JSON and SARIF for programs, and annotations for GitHub."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

from remit.diagnostic import Diagnostic, RulePage, Suppressed
from remit.report.text import summary, text_report
from remit.source import Sources

Format = Literal["text", "json", "sarif", "github"]
FORMATS: tuple[Format, ...] = get_args(Format)


def render(
    diagnostics: Sequence[Diagnostic],
    form: Format,
    sources: Sources,
    *,
    files: int,
    rules: Sequence[RulePage] = (),
    version: str = "0",
    colour: bool = False,
    suppressed: Sequence[Suppressed] = (),
) -> str:
    """The report of a check in one of the formats, with a line end at its end.

    `files` is how many were checked, for the summary of the text; `rules` (the pages of all rules) and `version`
    (of this program) are for SARIF; `colour` is for text on a terminal. `suppressed` findings are counted in text,
    listed in JSON and SARIF, and make no annotations.
    """
    find = lru_cache(maxsize=16)(sources)
    match form:
        case "text":
            return text_report(diagnostics, find, files, colour=colour, suppressed=len(suppressed))
        case "json":
            from remit.report.json import json_report

            return json_report(diagnostics, suppressed)
        case "sarif":
            from remit.report.sarif import sarif_report

            return sarif_report(diagnostics, find, rules, version, suppressed)
        case "github":
            from remit.report.github import github_report

            return github_report(diagnostics)


__all__ = ["FORMATS", "Format", "render", "summary"]
