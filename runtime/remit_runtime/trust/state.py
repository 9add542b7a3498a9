"""Where local state lives: keys, `trust.toml`, the journal and work folders, under one directory of one user."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from remit_runtime.errors import TrustInvalid

NAME = ".remit"

_MARKERS = ("remit.yaml", ".git")


def home_of(environ: Mapping[str, str], here: Path) -> Path:
    """The directory of local state: `REMIT_HOME`, else `.remit` in the enclosing repository, else in `here`.

    The enclosing repository is the nearest directory at or above `here` that holds `remit.yaml` or `.git`.
    """
    moved = environ.get("REMIT_HOME", "")
    if moved:
        return here / moved  # an absolute path stays what it is
    for folder in (here, *here.parents):
        if any(os.path.lexists(folder / marker) for marker in _MARKERS):
            return folder / NAME
    return here / NAME


def make_home(home: Path) -> None:
    """Creates the directory of local state, for its user alone (0700) and ignored by Git, unless it is there.

    Raises:
        TrustInvalid: `home_unusable`: it cannot be made, or something else stands there.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = home / ".gitignore"
        if not os.path.lexists(ignore):
            ignore.write_text("*\n", encoding="ascii")
    except OSError as error:
        reason = error.strerror or "not a directory"
        raise TrustInvalid("home_unusable", f"`{home}` cannot hold local state: {reason.lower()}") from error
