"""Learning: activities, their sessions, results and certificates."""
