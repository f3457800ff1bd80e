"""Health, metrics, and what is stored and cannot be read."""
