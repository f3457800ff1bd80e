"""What the index holds: facts about learners as bitmaps, and the organisation's structure."""
