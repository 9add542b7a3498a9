"""Rules over policies: what authority cannot lower, each told at the clause that owns it."""
