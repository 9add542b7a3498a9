"""The normal forms of values: what is one value of a type, what is not, and the laws of the one function."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remit_runtime.policy.named import counts, embedded_in, named_in, names_record, phrase_in
from remit_runtime.policy.normalise import VERSION, is_plain, normal, number_of, plain, same, words_of

TYPES = (
    *("email", "iban", "url", "repository", "branch", "path", "channel", "user"),
    *("object-id:file", "money", "day", "secret", "text", "label"),
)

ONE = [
    ("email", "Bob@Acme.example", " bob@acme.example"),
    ("email", "mailto:bob@acme.example", "bob@acme.example"),
    ("iban", "DE89 3704 0044 0532 0130 00", "de89-3704-0044-0532-0130-00"),
    ("url", "https://www.Acme.example/a/", "acme.example/a"),
    ("url", "http://acme.example:80/a", "https://acme.example/a"),
    ("repository", "Acme/Shop.git", "acme/shop"),
    ("branch", "refs/heads/main", "main"),
    ("path", "./src//a.py", "src/a.py"),
    ("channel", "#Eng", "eng"),
    ("user", "@Octocat", "octocat"),
    ("object-id:file", 13, "13"),
    ("money", "1,250.00 EUR", "EUR 1250"),
    ("money", "1.250,50 €", "1250.5 euros"),
    ("money", 250.0, "250"),
    ("day", "June 13, 2026", "2026-06-13"),
    ("day", "13.06.2026", "13th of June 2026"),
    ("text", "Fix  the LOGIN", "fix the login"),
    ("text", "\ufb01x", "fix"),
]


@pytest.mark.parametrize(("kind", "one", "other"), ONE)
def test_spellings_of_one_value_are_the_same(kind: str, one: Any, other: Any) -> None:
    assert normal(one, kind) == normal(other, kind)


TWO = [
    ("email", "alice@acme.example", "\u0430lice@acme.example"),  # a Cyrillic a
    ("email", "alice@acme.example", "alice@acme.e\u200bxample"),
    ("iban", "DE89370400440532013000", "DE89370400440532013100"),
    ("url", "https://acme.example/a", "https://acme.example/A"),
    ("url", "https://acme.example/a", "https://acme.example@drop.example/a"),
    ("url", "https://acme.example/a", "https://acme.example/a?d=1"),
    ("url", "https://acme.example", "https://acme.example.drop.example"),
    ("branch", "main", "Main"),
    ("path", "src/a.py", "src/A.py"),
    ("path", "a/../b", "b"),
    ("money", "250 EUR", "250 USD"),
    ("money", "250 EUR", "2.50 EUR"),
    ("day", "2026-06-13", "June 13"),
    ("day", "2026-06-13", "13"),
    ("secret", "Winter-Rose", "winter-rose"),
    ("text", True, 1),
]


@pytest.mark.parametrize(("kind", "one", "other"), TWO)
def test_two_values_are_not_the_same(kind: str, one: Any, other: Any) -> None:
    assert not same(one, other, kind)


scalars = st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none())


@given(scalars, st.sampled_from(TYPES))
@example("http://www.http://www.a", "url")
@example("refs/heads/refs/heads/a", "branch")
@example("ẞ", "email")
@example("a/././/b", "path")
@example("1e999999", "money")
@example("\ud800", "text")
def test_the_normaliser_is_idempotent_and_total(value: Any, kind: str) -> None:
    form = normal(value, kind)
    assert normal(form, kind) == form


@given(st.text(), st.sampled_from(TYPES))
def test_what_a_text_names_is_in_normal_form(text: str, kind: str) -> None:
    assert all(normal(form, kind) == form for form in named_in(text, kind))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_number_is_read_as_it_is_written(number: Any) -> None:
    assert number_of(plain(number)) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,250", "1250"),
        ("1.250", "1.25"),
        ("1 250,5", "1250.5"),
        ("1,250,000", "1250000"),
        ("1.250.000", "1250000"),
        ("12,5", "12.5"),
        ("1,25,0", None),
        ("1e5", None),
        ("", None),
        ("٣", None),
    ],
)
def test_digits_with_separators_are_one_number_or_none(text: str, number: str | None) -> None:
    found = number_of(text)
    assert (None if found is None else plain(found)) == number


NAMED = [
    ("email", "Write to <alice@acme.example>.", "alice@acme.example"),
    ("iban", "To DE89 3704 0044 0532 0130 00 for the hall", "DE89370400440532013000"),
    ("url", "See (https://docs.acme.example/guide).", "docs.acme.example/guide"),
    ("url", "www.acme.example/a, please", "acme.example/a"),
    ("repository", "in Acme/shop.", "acme/shop"),
    ("branch", "Push to branch main", "main"),
    ("branch", "Push to release-a", "release-a"),
    ("path", "Change `Makefile` only", "Makefile"),
    ("channel", "Tell #eng", "eng"),
    ("user", "Assign @octocat.", "octocat"),
    ("object-id:file", "Share file 13", "13"),
    ("object-id:issue", "Close issue #7.", "7"),
    ("object-id:file", "Share f_1738, please", "f_1738"),
    ("money", "Pay €250 now", "250 EUR"),
    ("day", "On 13 June 2026.", "2026-06-13"),
    ("secret", "Use Winter-Rose-17.", "Winter-Rose-17"),
]


@pytest.mark.parametrize(("kind", "text", "value"), NAMED)
def test_a_text_names_a_value_of_a_type(kind: str, text: str, value: str) -> None:
    assert value in named_in(text, kind)


NOT_NAMED = [
    ("email", "bigalice@acme.example.evil", "alice@acme.example"),
    ("iban", "DE89 3704 0044 0532 0130 00", "DE893704004405320130"),
    ("url", "https://acme.example/a?x=1", "acme.example/a"),
    ("branch", "Push to the branch of acme", "of"),
    ("branch", "Push the main thing", "main"),
    ("channel", "Tell the eng people", "eng"),
    ("user", "Assign somebody please", "please"),
    ("object-id:file", "On June 13", "13"),
    ("object-id:file", "Issue 13", "13"),
    ("money", "Wait 250 minutes", "250"),
    ("day", "On June 13", "2026-06-13"),
    ("secret", "Set my password to password", "password"),
]


@pytest.mark.parametrize(("kind", "text", "value"), NOT_NAMED)
def test_a_text_does_not_name_what_stands_there_by_accident(kind: str, text: str, value: str) -> None:
    assert value not in named_in(text, kind)


def test_a_number_counts_what_stands_beside_it() -> None:
    replicas, timeout = words_of("replicas"), words_of("timeout_seconds")
    assert counts("Run it with 4 replicas", "4", replicas)
    assert counts("Set replicas: 4.", "4", replicas)
    assert not counts("Wait 4 minutes", "4", replicas)
    assert not counts("A timeout of 5 minutes", "5", timeout)
    assert counts("A timeout of 5 seconds", "5", timeout)
    assert not counts("On replicas 2026-06-13", "13", replicas)


def test_a_phrase_stands_whole() -> None:
    assert phrase_in("Share it as Reader.", "reader")
    assert not phrase_in("Share it as readers", "reader")


@pytest.mark.parametrize(
    ("text", "key", "named"),
    [
        ("Share Q3 report.docx", "Q3 report.docx", True),
        ("Send the Minutes of Monday", "minutes of monday", True),
        ('Share "roadmap"', "Roadmap", True),
        ("Share the roadmap", "Roadmap", False),
        ("Please share it", "please share", False),
        ("Share it. Please wait", "Please wait", False),
        ("Share report.docx.bak", "report.doc", False),
    ],
)
def test_a_record_is_named_by_what_is_spelled_like_a_name(text: str, key: str, named: bool) -> None:
    assert names_record(text, key) is named


def test_addresses_links_and_accounts_are_found_in_a_body() -> None:
    body = (
        "Mail mallory\uff20drop.example, open [x](//evil.example/a) or acme-support.example/reset,"
        " ![](https://collect.drop.example/p.png?d=4111) and pay GB29 NWBK 6016 1331 9268 19. See a.py and and/or."
    )
    assert list(embedded_in(body)) == [
        ("email", "mallory@drop.example"),
        ("url", "//evil.example/a"),
        ("url", "acme-support.example/reset"),
        ("url", "https://collect.drop.example/p.png?d=4111"),
        ("iban", "GB29 NWBK 6016 1331 9268 19"),
    ]


def test_compatibility_letters_are_no_plain_spelling() -> None:
    assert all(is_plain(value) for value in ("alice", 13, "Ä"))
    assert not is_plain("\uff41lice")


def test_the_version_is_written_down() -> None:
    assert VERSION == 1
