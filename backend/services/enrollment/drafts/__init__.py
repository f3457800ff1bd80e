"""What a method is stored as, and what it is to become."""
