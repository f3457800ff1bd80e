"""Enrollment: methods, plans, runs, undo, and acts on one enrollment."""
