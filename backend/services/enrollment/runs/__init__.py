"""Runs: what was done, by whom, whose it is to decide about; large ones written in chunks, and their people told."""
