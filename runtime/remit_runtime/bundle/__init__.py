"""What is in a bundle, how its bytes are laid out and how they are opened.

The frozen intermediate representation (IR) is what the compiler writes and the runtime runs: `words`, `graph`,
`agent`, `tool`, `policy`, `manifest`.

This is the only format that goes from one distribution to the other. Every struct is frozen, refuses unknown
fields and holds tuples, never lists or dicts; numbers are integers (money in micro-US-dollars, time in
milliseconds); free JSON values (schemas, constants) stand as their canonical JSON text. Collections that have no
order of their own are sorted by the compiler. Format version 0: it may change until the first tagged release.

The closure digest of an agent version is the digest of its `AgentIR` object: the IR names its prompts, schemas,
tools and models by digest, so the object is the root of a Merkle tree over all that the agent can do. It holds no
positions, owner, comments, suites, policy, commit or time.
"""
