"""Enrolling, pure: the plan (desired minus actual), the fuse, leaving, circles, undo. Time is a parameter."""
