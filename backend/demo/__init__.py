"""Organisations to try Muster with: a small believable one, the Open University's real one, a synthetic one of any size."""
