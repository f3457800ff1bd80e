"""Methods, enrollments and runs."""
