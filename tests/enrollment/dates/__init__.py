"""People picked until a day, and people due by a date of their own."""
