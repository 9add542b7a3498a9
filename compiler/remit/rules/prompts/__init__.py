"""Rules over prompts and the other templates."""
