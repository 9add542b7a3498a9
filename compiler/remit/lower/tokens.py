"""The tokens of a text, as the runtime estimates them before it asks a model."""

from remit_runtime.models.tokens import estimated_tokens

__all__ = ["estimated_tokens"]
