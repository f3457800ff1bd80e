"""Audiences: who matches a rule, why, and what a viewer may see of it."""
