"""Authority: definitions lowered to one set of Cedar policies, its schema and its entities."""
