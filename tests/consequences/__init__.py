"""What acts would do, and doing them as they were shown."""
