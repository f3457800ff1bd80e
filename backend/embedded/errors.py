"""What can go wrong with embedded servers, in words for the person who started them."""


class EmbeddedError(Exception):
    """An embedded server, or the data directory, cannot be used; the message says what to do."""
