"""What happened to somebody in a session, told by the state of their enrollment before and after."""

# Whoever's enrollment is one of these is in the session.
LIVE = frozenset({"active", "completed", "suspended"})


def event_of(before: str | None, after: str | None) -> str | None:
    """What a change of an enrollment's state is called; None when nothing visible changed. No state is no enrollment."""
    if before == after:
        return None
    if (before in LIVE) != (after in LIVE):
        return "entered" if after in LIVE else "left"
    return "completed" if after == "completed" else "updated"


def recorded_as(event: str) -> str:
    """What a run calls the event in `run_change`."""
    return "updated" if event == "completed" else event


def event_of_waiting(*, waits: bool) -> str:
    """What it is called when somebody begins or ceases to wait for a place elsewhere to end."""
    return "blocked" if waits else "unblocked"
