"""The main story, told through the public contract alone."""
