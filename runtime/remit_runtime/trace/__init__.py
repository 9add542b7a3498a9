"""Spans of a run, derived purely from its events, and their way to a receiver."""
