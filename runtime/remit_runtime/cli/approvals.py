"""`runs approvals`, `approve`, `deny` and `answer`: what waits for people, and what they say to it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from remit_runtime.bundle.policy import PolicySet
from remit_runtime.cli import bundles, here
from remit_runtime.cli.run import principal_of
from remit_runtime.errors import BundleRejected, TrustInvalid, UsageError
from remit_runtime.invoke import Runtime
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import Answered, Decision, Desk, Signer, answer_approval, answer_question
from remit_runtime.run.inbox import inbox, inbox_text
from remit_runtime.trust.keys import PrivateKey, read_private_key


def list_approvals(arguments: argparse.Namespace) -> int:
    """Prints everything that waits for people."""
    known: dict[tuple[str, str], PolicySet | None] = {}

    def policy(digest: str, environment: str) -> PolicySet | None:
        if (digest, environment) not in known:
            known[digest, environment] = _policy_if_here(digest, environment)
        return known[digest, environment]

    with here.existing_runtime() as runtime:
        runs = inbox(runtime.journal, policy, bundles.source_map_of)
    print(json.dumps({"version": 1, "runs": runs}) if arguments.format == "json" else inbox_text(runs))
    return 0


def approve(arguments: argparse.Namespace) -> int:
    """Writes that somebody approves."""
    return _decide(arguments, "approved")


def deny(arguments: argparse.Namespace) -> int:
    """Writes that somebody denies."""
    return _decide(arguments, "denied")


def answer(arguments: argparse.Namespace) -> int:
    """Writes somebody's answer to a model's question."""
    with here.existing_runtime() as runtime:
        desk = _desk(runtime, arguments)
        person = _person(arguments.principal)
        pending = answer_question(desk, arguments.run, arguments.question, arguments.text, person)
    print(f"answered {pending.asked.question} of {pending.record.run}")
    print(f"  go on with  remitd runs resume {arguments.run}")
    return 0


def _decide(arguments: argparse.Namespace, decision: Decision) -> int:
    with here.existing_runtime() as runtime:
        desk = _desk(runtime, arguments)
        signer = _signer(arguments)
        done = answer_approval(desk, arguments.run, arguments.approval, decision, signer, arguments.reason)
    print(_said(done, decision, arguments.run))
    return 0


def _said(done: Answered, decision: Decision, run: str) -> str:
    lines = [f"{decision} {done.approval} of {done.run}, {done.requirement}"]
    if done.outcome is None:
        lines.append(f"  {done.given} of {done.needed} people have approved")
    else:
        lines.append(f"  go on with  remitd runs resume {run}")
    return "\n".join(lines)


def _desk(runtime: Runtime, arguments: argparse.Namespace) -> Desk:
    record = runtime.journal.read(arguments.run)
    bundle = bundles.opened(arguments.bundle or record.bundle, record.environment)
    if bundle.digest != record.bundle:
        raise UsageError("bundle_other", f"run `{record.run}` belongs to the bundle `{record.bundle}`")
    return Desk(runtime.journal, runtime.home, runtime.clock, bundle.policy())


def _signer(arguments: argparse.Namespace) -> Signer:
    if arguments.key is None:
        return Signer(_person(arguments.principal))
    key = _key(here.home() / "keys", arguments.key)
    return Signer(Person(f"key:{key.public.keyid}", "signature"), key)


def _person(principal: str | None) -> Person:
    if principal is None:
        return Person(here.local_user(), "uid")
    return Person(principal_of(principal), "asserted")


def _key(folder: Path, named: str) -> PrivateKey:
    """The private key of a file name or of a key id.

    Raises:
        UsageError: there is none.
        TrustInvalid: a key file does not hold.
    """
    if named.replace("-", "").replace("_", "").isalnum() and (folder / f"{named}.key").exists():
        return read_private_key(folder / f"{named}.key")
    for path in sorted(folder.glob("*.key")):
        key = read_private_key(path)
        if key.public.keyid == named:
            return key
    raise UsageError("key_missing", f"`{folder}` holds no key `{named}`")


def _policy_if_here(digest: str, environment: str) -> PolicySet | None:
    try:
        return bundles.opened(digest, environment).policy()
    except (UsageError, BundleRejected, TrustInvalid):
        return None
