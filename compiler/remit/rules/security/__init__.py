"""Rules about secrets, and about what a repository makes its peace with."""
