"""Policy: one pure decision on one call. `decide` is its door; nothing here does I/O."""
