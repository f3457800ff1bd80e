"""Enrolling on real servers: HTTP in front, PostgreSQL behind, sequencer and reconciler between."""
