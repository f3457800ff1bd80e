"""Whether this process serves: its supervisor hears of the beginning, and whoever asks hears of the end.

A process that succeeds another is given a pipe. It takes no work before it can do it well, and then says so: the
supervisor lets the old one go. One process serves once, so what is known here is kept in the module.
"""

import os

PIPE = "MUSTER_READY_FD"

_patience: float | None = None


def succeeding() -> bool:
    """Whether another process does the work until this one is ready."""
    return PIPE in os.environ


def tell() -> None:
    """Say that this process is ready, if anybody waits for it."""
    pipe = os.environ.pop(PIPE, None)
    if pipe is not None:
        descriptor = int(pipe)
        os.write(descriptor, b"1")
        os.close(descriptor)


def leave(patience: float) -> None:
    """Begin the end: idle connections are let go over `patience` seconds, 0 for at once."""
    global _patience  # noqa: PLW0603 - one end a process
    _patience = patience


def patience() -> float | None:
    """What `leave` was told; None while this process stays."""
    return _patience
