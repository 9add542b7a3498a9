"""Rules over who may do what."""
