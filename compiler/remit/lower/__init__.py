"""Lowering: checked definitions become the frozen contents of a bundle.

`portfolio` lowers, `faults` says why policies could not be. Nothing is imported here: a check needs only the second,
and the first loads the policy engine.
"""
