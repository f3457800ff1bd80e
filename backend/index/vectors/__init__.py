"""Deciding for thousands of audiences at once, with people and rules as arrays."""
