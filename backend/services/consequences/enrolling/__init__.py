"""Enrolling people in several sessions at once: who, in what, how."""
