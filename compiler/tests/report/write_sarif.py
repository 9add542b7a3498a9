"""Writes the SARIF report of every rule's wrong repository, one file a rule: `python write_sarif.py FOLDER`."""

import sys
from datetime import date
from pathlib import Path

from remit.check import check
from remit.git import folder_tree
from remit.report import render
from remit.rule import page_of
from remit.rules import RULES

RULE_FOLDERS = Path(__file__).resolve().parents[1] / "rules"


def main(folder: Path) -> None:
    """Fills the folder, which is made."""
    folder.mkdir(parents=True)
    pages = [page_of(rule) for rule in RULES]
    for rule in RULES:
        wrong = RULE_FOLDERS / rule.name.replace("-", "_") / "wrong"
        result = check(folder_tree(wrong), today=date(2026, 11, 22))
        report = render(
            result.diagnostics,
            "sarif",
            result.sources,
            files=result.files,
            rules=pages,
            suppressed=result.suppressed,
        )
        (folder / f"{rule.code}.sarif").write_text(report, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
