"""What every process needs to run: serving, draining, supervision, readiness, the event loop, logs, metrics, the clock."""
