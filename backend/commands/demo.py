"""`muster demo` and `muster synth`."""


def demo_sign_ins() -> list[tuple[str, str, str]]:
    """Who can sign in to the demo organisation: (who, e-mail address, password)."""
    return []
