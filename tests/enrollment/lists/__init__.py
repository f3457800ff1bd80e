"""Who is enrolled, where and why."""
