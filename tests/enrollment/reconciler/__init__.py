"""What follows from changed facts, rules and days."""
