"""Lowering: checked definitions become the frozen contents of a bundle."""

from remit.lower.portfolio import Lowered, in_environment, lower, policy_faults

__all__ = ["Lowered", "in_environment", "lower", "policy_faults"]
