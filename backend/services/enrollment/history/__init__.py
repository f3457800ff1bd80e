"""Enrollments that bring a past of their own, from sheets."""
