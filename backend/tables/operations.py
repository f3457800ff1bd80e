"""What upgrades leave for those who look after the installation."""

from piccolo.columns import BigInt, Serial, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE


class EmptiedValue(Table, tablename="emptied_value", db=ENGINE):
    """A stored value that could not be read and that an upgrade emptied: what it was."""

    id = Serial(primary_key=True)
    at = Timestamptz(default=None)
    table_name = Text(default=None)
    row_id = BigInt(default=None)
    column_name = Text(default=None)
    value = Text(default=None)
