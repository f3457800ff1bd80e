"""People who enroll themselves, the places there are for them, and who waits for one."""
