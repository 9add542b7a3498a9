"""The fence around untrusted text in a prompt: marks that the text inside cannot close."""

from __future__ import annotations

import hashlib


def fence(text: str, origin: str) -> str:
    """Untrusted text between two marks that hold its own digest.

    No text can contain the mark that ends it without knowing its own SHA-256, so nothing inside can step out;
    and the same text always gives the same bytes.
    """
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"<untrusted {mark} from={origin}>\n{text}\n</untrusted {mark}>"
