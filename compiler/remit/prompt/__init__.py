"""Prompts: Jinja2 source becomes literal and slot segments, so that the runtime needs no template engine.

`plain` cuts what holds text and slots alone, without Jinja2; `evaluate` reads the rest over Jinja2's syntax tree, with
an evaluator of its own over plain values. No template runs anything, and none reads anything but files of its
repository.
"""
