"""What was done: large runs in chunks, failing ones, and what the log names."""
