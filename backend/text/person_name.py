"""What somebody is called."""


def full_name(first_name: str, last_name: str, email: str) -> str:
    """First and last name, whichever there are; of who has none, the e-mail address."""
    return f"{first_name} {last_name}".strip() or email
