"""Piccolo tables: definitions only. The schema itself is in `migrations/`; a test keeps the two alike."""
