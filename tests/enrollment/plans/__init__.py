"""What a plan says, warns of and refuses, and applying it."""
