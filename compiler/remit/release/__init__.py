"""From lowered objects to a release: sealed bytes, what is shown for them, and the signatures.

`seal` makes the bytes, `provenance` and `evidence` the statements, `sign` the envelopes, `build` the files.
`staleness` and `policy_slice` say which evidence still holds after a change. Nothing here reads a clock: times come
in as arguments.
"""
