"""The forms of a secret: whatever encodes it, one of them stands in the result."""

from __future__ import annotations

import base64
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.credentials.forms import forms_of

SECRETS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=12, max_size=80)

ENCODERS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "json": json.dumps,
    "quote": lambda text: urllib.parse.quote(text, safe=""),
    "quote with slashes": urllib.parse.quote,
    "quote_plus": urllib.parse.quote_plus,
    "every byte escaped": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
}


@pytest.mark.parametrize("name", ENCODERS)
@given(secret=SECRETS, before=st.binary(max_size=5), after=st.binary(max_size=5))
def test_an_encoded_secret_holds_one_of_its_forms(
    name: str, secret: str, before: bytes, after: bytes
) -> None:
    around = before.decode("latin-1").encode("ascii", "replace").decode()
    behind = after.decode("latin-1").encode("ascii", "replace").decode()
    encoded = ENCODERS[name](f"{around}{secret}{behind}")
    assert any(form in encoded for form in forms_of(secret))


@given(secret=SECRETS)
def test_forms_are_not_so_short_that_they_cut_out_common_text(secret: str) -> None:
    assert all(len(form) >= 8 for form in forms_of(secret))
    assert secret in forms_of(secret)


def test_a_text_that_shares_nothing_with_the_secret_holds_no_form() -> None:
    forms = forms_of("tok_4Zr9-Kq2/Lm+8=Vx")
    assert not any(form in "a pull request of forty files, reviewed and approved" for form in forms)
