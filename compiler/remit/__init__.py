"""The compiler of Remit: definitions in Git become one checked, gated, signed bundle."""
