"""The keys of this machine: shown, and made; who trusts them stands in `trust.toml`."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from remit_runtime.errors import UsageError
from remit_runtime.trust.keys import new_private_key, read_private_key, write_private_key
from remit_runtime.trust.roots import DEV
from remit_runtime.trust.state import home_of, make_home


def keys(arguments: argparse.Namespace) -> int:
    """Shows the keys of this machine, or makes one and says what to put into `trust.toml`."""
    home = home_of(os.environ, Path.cwd())
    if arguments.new is not None:
        return _new_key(home, arguments.new)
    rows = [
        {"name": path.stem, "keyid": read_private_key(path).public.keyid, "path": str(path)}
        for path in sorted((home / "keys").glob("*.key"))
    ]
    if arguments.format == "json":
        print(json.dumps({"version": 1, "keys": rows}, indent=2))
        return 0
    if not rows:
        print(f"there is no key in {home / 'keys'}; the first `remit ship` makes that of `dev`")
    for row in rows:
        print(f"{row['name']}  {row['keyid']}  {row['path']}")
    return 0


def _new_key(home: Path, name: str) -> int:
    if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
        raise UsageError("bad_name", f"a key is named by one word, not `{name}`")
    if name == DEV:
        raise UsageError("bad_name", "the key of `dev` is made by the first `remit ship` or `remit run`")
    make_home(home)
    path = home / "keys" / f"{name}.key"
    key = new_private_key()
    if not write_private_key(path, key):
        raise UsageError("key_exists", f"there is a key `{path}` already")
    print(_TRUST.format(path=path, trust=home / "trust.toml", key=key.public.keyid, raw=key.public.raw.hex()))
    return 0


_TRUST = """\
made {path}; an environment trusts it once {trust} lists it:

version = 0

[environments.production]
threshold = 1
keys = ["{key}"]

[keys.{key}]
scheme = "ed25519"
public = "{raw}"\
"""
