"""What waits for a person before it is written."""
