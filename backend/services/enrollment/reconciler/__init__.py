"""Keeping enrollments true: what has to be looked at, what follows from it, and writing it."""
