"""Versions of rules, and people who must be in one or out of it."""
