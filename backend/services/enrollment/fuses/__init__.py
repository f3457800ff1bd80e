"""What is decided about a dynamic method, how much of it is written unasked, and what waits for a person."""
