"""Who may say what of a bundle: key files, `trust.toml`, signed envelopes, and the rules that bind them to a bundle.

`open` is the only maker of a `VerifiedBundle`; `rules` holds every rule of trust and does no I/O.
"""
