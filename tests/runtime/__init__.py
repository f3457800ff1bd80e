"""Processes: serving, supervision, embedded servers, logs and metrics."""
