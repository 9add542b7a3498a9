"""Rules over what runs may cost."""
