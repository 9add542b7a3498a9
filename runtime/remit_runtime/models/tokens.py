"""How many tokens a text is taken to have, before anybody has counted them."""

from __future__ import annotations

from remit_runtime.canonical import canonical_json
from remit_runtime.models.port import ModelCall

BYTES_PER_TOKEN = 2


def estimated_tokens(text: str) -> int:
    """The tokens a text is taken to have: its UTF-8 bytes divided by `BYTES_PER_TOKEN`, rounded up; 0 for "".

    One estimate serves every model, since a bundle names models whose tokenizers this runtime does not have. It is
    made to be too high: byte-level tokenizers put 3 to 5 bytes of English, code and JSON into a token, and 2 to 3 of
    other scripts, so that what fits by this estimate fits by the provider's count. It is no bound: text without
    words (base64, hexadecimal) can have a token for every 1.3 bytes. Money never rests on it: the budget is charged
    what the provider counted, or the reserve.

    It never falls when text is added, and texts that are joined never have more than their sum.
    """
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def tokens_of(call: ModelCall) -> int:
    """The tokens that a whole question is taken to have: messages, transcript, and every schema that goes with it."""
    texts = [one.text for one in call.messages]
    texts += [canonical_json(turn).decode() for turn in call.transcript]
    texts += [part for tool in call.tools for part in (tool.id, tool.schema)]
    texts += [part for offer in call.handoffs for part in (offer.agent, offer.task, offer.schema)]
    texts.append(call.answer_schema or "")
    return sum(estimated_tokens(text) for text in texts)
