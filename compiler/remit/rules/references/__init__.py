"""Rules over what definitions name: other definitions, states, arguments and files."""
