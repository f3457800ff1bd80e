"""Questions about rules, and named audiences."""
