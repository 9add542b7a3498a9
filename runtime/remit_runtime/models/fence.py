"""The fence around untrusted text in a prompt: marks that the text inside cannot close."""

from __future__ import annotations

import hashlib
from typing import Literal


def fence(text: str, origin: str, trust: Literal["trusted", "untrusted"] = "untrusted") -> str:
    """Text from a run between two marks that say whether it is trusted and hold its own digest.

    No text can contain the mark that ends it without knowing its own SHA-256, so nothing inside can step out;
    and the same text always gives the same bytes.
    """
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"<{trust} {mark} from={origin}>\n{text}\n</{trust} {mark}>"
