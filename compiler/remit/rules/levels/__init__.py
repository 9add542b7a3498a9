"""Rules about the levels of rules in `remit.yaml`."""
