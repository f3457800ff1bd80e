"""Brings an index to the head of the change log and keeps it there: load, checkpoint, follow, verify."""
