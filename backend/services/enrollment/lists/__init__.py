"""Who is enrolled, where and why, and what lately happened."""
