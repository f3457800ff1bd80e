"""Taking a run back: its people, and its method."""
