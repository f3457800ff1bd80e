"""People who enroll themselves, and who of them waits for a place."""
