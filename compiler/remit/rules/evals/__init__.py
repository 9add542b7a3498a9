"""Rules over eval suites and the gates that judge them."""
