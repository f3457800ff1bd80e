"""The one writer of sources and enrollments, and its statements."""
