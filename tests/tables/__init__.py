"""Table definitions against the real schema."""
