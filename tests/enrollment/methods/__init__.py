"""What each kind of method does, and how they are listed."""
