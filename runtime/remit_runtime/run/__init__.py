"""One run of an agent: its state folded from events, the pure step, and the drive that performs effects."""
