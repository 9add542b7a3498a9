"""The cache of checks: what a check of this working tree found, and what each finding hangs on (docs/incremental.md).

Nothing here is believed that was not written by this user, on this machine, by this compiler; whatever is wrong with a
cache, the check is made as if there were none. What makes a bundle never looks here.
"""
