"""Rules over tools and the schemas of what goes in and out."""
