"""Programs that the gateway starts as processes of their own, and never imports.

Each is one file that needs nothing but the Python standard library: it runs under `python -I -S` inside a sandbox
that shows it no other file of ours.
"""
