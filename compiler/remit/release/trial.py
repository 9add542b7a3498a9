"""A bundle on trial: sealed, signed and verified like any other, with a key and a home that last as long as the trial.

Nothing of a trial reaches the local state, and nothing turns verification off.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.evals.run import Bench
from remit.evals.services import loopback
from remit.release.build import attest, write
from remit.release.provenance import BuildFacts
from remit.release.seal import SealedBundle
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.tool import CredentialIR, HttpIR
from remit_runtime.canonical import Digest
from remit_runtime.gateway.endpoints import CONFIGURATION
from remit_runtime.gateway.schemas import Schemas
from remit_runtime.invoke import open_runtime
from remit_runtime.trace.export import kept_here
from remit_runtime.trust.keys import ensure_dev_key, read_private_key
from remit_runtime.trust.verify import open_verified

EVALUATOR = "remit:evaluation"
CREDENTIALS = "credentials"
"""The folder of a home in which the runtime looks for the files of credentials."""
Clock = Callable[[], int]


@contextmanager
def trial(sealed: SealedBundle, clock: Clock, search_path: str) -> Generator[Bench]:
    """A runtime of its own over a sealed `dev` bundle, gone when the block ends.

    Raises:
        RemitError: the bundle does not open, or the scratch space cannot be made.
    """
    with TemporaryDirectory(prefix="remit-eval-") as name:
        scratch = Path(name)
        home = scratch / "home"
        key = read_private_key(ensure_dev_key(home).path)
        facts = BuildFacts(".", "0" * 40, EVALUATOR, "0", clock(), clock())
        paths = write(scratch / "bundle", sealed, attest(sealed, facts, (), (key,), clock()))
        bundle = open_verified(paths.bundle, paths.attestations, home, sealed.manifest.environment, clock())
        with loopback(_hosts(bundle)) as services:
            _bind(home, services.addresses)
            runtime = open_runtime(home, clock, search_path, _stand_ins(home, bundle), kept_here)
            try:
                yield Bench(runtime, bundle, scratch, Schemas(bundle.schema), services)
            finally:
                runtime.journal.close()


def _hosts(bundle: VerifiedBundle) -> set[str]:
    """Every host that a tool of the bundle may ask: on trial none of them is asked itself."""
    ways = (bundle.tool(digest).implementation for digest in _tools(bundle))
    return {host for way in ways if isinstance(way, HttpIR) for host in way.hosts}


def _tools(bundle: VerifiedBundle) -> set[Digest]:
    return {use.object for entry in bundle.agents() for use in bundle.agent(entry.id).tools}


def _bind(home: Path, addresses: Mapping[str, str]) -> None:
    lines = (f'"{host}" = "{address}"\n' for host, address in sorted(addresses.items()))
    (home / CONFIGURATION).write_text("".join(lines), encoding="utf-8")


def _stand_ins(home: Path, bundle: VerifiedBundle) -> dict[str, str]:
    """The environment of a trial: for every credential something that is no secret, and nothing of this machine's."""
    pins = (use.object for use in (bundle.tool(digest).credential for digest in _tools(bundle)) if use)
    environ: dict[str, str] = {}
    for credential in (bundle.credential(pin) for pin in pins if pin is not None):
        _stand_in(home, credential, environ)
    return environ


def _stand_in(home: Path, credential: CredentialIR, environ: dict[str, str]) -> None:
    text = f"stand-in-for-{credential.id}"
    if credential.env is not None:
        environ[credential.env] = text
    elif credential.file is not None:
        folder = home / CREDENTIALS
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / credential.file).touch(mode=0o600)
        (folder / credential.file).write_text(text, encoding="utf-8")
