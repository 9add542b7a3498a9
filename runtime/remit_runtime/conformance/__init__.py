"""Twelve invariants, tried on the real runtime with what is in one bundle (docs/conformance.md)."""
