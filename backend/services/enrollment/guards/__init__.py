"""What guards rules: versions of them with what differs, and people who must be in or out."""
