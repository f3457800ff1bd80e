"""Groups: the tree, who is in it, and leaving it."""
