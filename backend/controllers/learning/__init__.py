"""Activities, sessions, results and awards."""
