"""What somebody may do to whom in a session, and what they may know of its methods."""
