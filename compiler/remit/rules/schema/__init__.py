"""Rules over the form of a definition: its keys, the types of its values, the version of the language."""
