"""A bundle on trial: sealed, signed and verified like any other, with a key and a home that last as long as the trial.

Nothing of a trial reaches the local state, and nothing turns verification off.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from remit.evals.run import Bench
from remit.release.build import attest, write
from remit.release.provenance import BuildFacts
from remit.release.seal import SealedBundle
from remit_runtime.gateway.schemas import Schemas
from remit_runtime.invoke import open_runtime
from remit_runtime.trust.keys import ensure_dev_key, read_private_key
from remit_runtime.trust.verify import open_verified

EVALUATOR = "remit:evaluation"
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
        runtime = open_runtime(home, clock, search_path)
        try:
            yield Bench(runtime, bundle, scratch, Schemas(bundle.schema))
        finally:
            runtime.journal.close()
