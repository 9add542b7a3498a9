"""Credentials: secrets leased for one call, and every form in which one must never be seen again."""
