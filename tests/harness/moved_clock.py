"""The tests on another day: `MUSTER_TEST_CLOCK` moves the clock of the tests and of every Muster that they start."""

import os
from datetime import UTC, datetime

from backend.runtime import clock

VARIABLE = "MUSTER_TEST_CLOCK"


def move_clock() -> None:
    """To where the variable says, in the form of `MUSTER_CLOCK`."""
    if text := os.environ.get(VARIABLE):
        clock.set_offset(clock.parse_offset(text, datetime.now(UTC)))


def clock_settings() -> dict[str, str]:
    """What a Muster that a test starts is told of it."""
    return {"MUSTER_CLOCK": clock.offset_text(clock.offset())} if os.environ.get(VARIABLE) else {}
