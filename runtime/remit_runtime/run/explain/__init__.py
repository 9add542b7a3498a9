"""Fifteen questions about a run, answered from its events; each sentence names the events it was read from."""

from remit_runtime.run.explain.answers import explained
from remit_runtime.run.explain.fact import Answer, Fact
from remit_runtime.run.explain.render import explained_json, explained_text

__all__ = ["Answer", "Fact", "explained", "explained_json", "explained_text"]
