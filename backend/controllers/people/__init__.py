"""Learners and their fields."""
