"""The whole road of a release: sealed, attested, written, and opened by the runtime."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from remit.release import evidence
from remit.release.build import attest, write
from remit.release.provenance import BuildFacts
from remit.release.seal import seal
from remit_runtime.errors import SignatureInvalid, UsageError
from remit_runtime.trust.keys import PrivateKey, ensure_dev_key, new_private_key, read_private_key
from remit_runtime.trust.verify import open_verified

if TYPE_CHECKING:
    from tests.release.conftest import MakeOutcome, MakeParts


def _trust(home: Path, keys: tuple[PrivateKey, ...]) -> None:
    listed = ", ".join(f'"{key.public.keyid}"' for key in keys)
    tables = "".join(
        f'[keys.{key.public.keyid}]\nscheme = "ed25519"\npublic = "{key.public.raw.hex()}"\n' for key in keys
    )
    home.mkdir()
    (home / "trust.toml").write_text(
        f"version = 0\n[environments.production]\nthreshold = 2\nkeys = [{listed}]\n{tables}",
        encoding="ascii",
    )


def test_a_release_for_dev_is_opened_by_the_runtime(
    make_parts: MakeParts, facts: BuildFacts, tmp_path: Path
) -> None:
    made = ensure_dev_key(tmp_path / "home")
    sealed = seal(make_parts())
    lines = attest(sealed, facts, [], [read_private_key(made.path)], facts.finished_ms)
    paths = write(tmp_path / "out", sealed, lines)

    bundle = open_verified(paths.bundle, None, tmp_path / "home", "dev", facts.finished_ms)

    assert bundle.digest == sealed.digest
    assert bundle.evidence.levels == ("REMIT_DEV_NO_EVIDENCE", "SLSA_BUILD_LEVEL_1")
    assert bundle.evidence.build.commit == facts.commit


def test_a_release_for_production_needs_both_keys_and_all_evidence(
    make_parts: MakeParts, make_outcome: MakeOutcome, facts: BuildFacts, tmp_path: Path
) -> None:
    keys = (new_private_key(), new_private_key())
    _trust(tmp_path / "home", keys)
    parts = make_parts("production")
    sealed = seal(parts)
    results = [evidence.test_result(make_outcome(parts, one.id), "0.1.0") for one in parts.agents]

    both = write(tmp_path / "out", sealed, attest(sealed, facts, results, keys, facts.finished_ms))
    bundle = open_verified(both.bundle, both.attestations, tmp_path / "home", "production", facts.finished_ms)
    assert [record.suite for record in bundle.evidence.suites] == ["basics", "basics"]
    assert bundle.evidence.levels[0] == "REMIT_EVAL_PASSED"

    one = write(tmp_path / "out", sealed, attest(sealed, facts, results, keys[:1], facts.finished_ms))
    with pytest.raises(SignatureInvalid):
        open_verified(one.bundle, None, tmp_path / "home", "production", facts.finished_ms)


def test_files_are_named_for_the_organisation_and_the_digest(make_parts: MakeParts, tmp_path: Path) -> None:
    sealed = seal(make_parts())

    paths = write(tmp_path / "some" / "where", sealed, b"lines\n")

    assert paths.bundle.name == f"acme-{sealed.digest.removeprefix('sha256:')[:12]}.remit"
    assert paths.attestations.name == paths.bundle.name.removesuffix(".remit") + ".attestations.jsonl"
    assert sorted(paths.bundle.parent.iterdir()) == sorted((paths.bundle, paths.attestations))
    assert paths.bundle.read_bytes() == sealed.data


def test_writing_again_replaces_what_stood_there(make_parts: MakeParts, tmp_path: Path) -> None:
    sealed = seal(make_parts())
    write(tmp_path, sealed, b"old\n")

    paths = write(tmp_path, sealed, b"new\n")

    assert paths.attestations.read_bytes() == b"new\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_link_in_the_way_is_replaced_and_never_followed(make_parts: MakeParts, tmp_path: Path) -> None:
    sealed = seal(make_parts())
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    paths = write(tmp_path / "out", sealed, b"lines\n")
    paths.bundle.unlink()
    paths.bundle.symlink_to(victim)

    write(tmp_path / "out", sealed, b"lines\n")

    assert victim.read_bytes() == b"precious"
    assert not paths.bundle.is_symlink()


def test_a_directory_that_cannot_take_the_release_is_named(make_parts: MakeParts, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError) as refused:
        write(tmp_path / "file", seal(make_parts()), b"")

    assert refused.value.code == "output_unwritable"
    assert os.fspath(tmp_path / "file") in refused.value.message


def test_the_bundle_says_nothing_of_its_builder(make_parts: MakeParts, facts: BuildFacts) -> None:
    sealed = seal(make_parts())

    for word in (facts.commit, facts.builder, str(facts.started_ms), str(Path.cwd())):
        assert word.encode() not in sealed.data
