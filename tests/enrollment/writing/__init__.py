"""The one writer: sources, enrollments, and what holds between them."""
