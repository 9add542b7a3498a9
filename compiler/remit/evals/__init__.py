"""Evals: suites run the real runtime on their cases, graders judge each run, gates judge the whole."""
