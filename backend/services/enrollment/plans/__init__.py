"""Plans: what a method would change, what that warns of, and applying it."""
