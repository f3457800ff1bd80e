"""Measurements of a running Muster, beside PostgreSQL and DuckDB doing the same (`make bench`)."""
