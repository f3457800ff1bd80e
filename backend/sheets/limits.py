"""How large a sheet may be, and the error that says so."""

from backend.words import Message

# An upload; the rest bounds what it may grow into.
MOST_BYTES = 50 * 1024**2
# An xlsx is a zip: 1 MB of it can hold 236 MB of nothing. Real sheets expand about tenfold.
MOST_EXPANDED = 400 * 1024**2
LARGEST_RATIO = 120
MOST_PARTS = 1_000
MOST_ROWS = 500_000
MOST_COLUMNS = 500
MOST_CELLS = 10_000_000
# What Excel itself allows in a cell.
LONGEST_CELL = 32_767
# The child that parses may use this much, and is killed when it takes longer.
CHILD_MEMORY = 2 * 1024**3
CHILD_SECONDS = 120


class SheetError(Exception):
    """The file cannot be read; the message is for the person who chose it."""

    def __init__(self, detail: Message) -> None:
        super().__init__(detail)
        self.detail = detail
