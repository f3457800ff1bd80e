"""Who exists and what is known about them."""

from piccolo.columns import (
    Array,
    Boolean,
    Date,
    DoublePrecision,
    ForeignKey,
    Integer,
    OnDelete,
    Serial,
    SmallInt,
    Text,
    Timestamptz,
)
from piccolo.table import Table

from backend.database import ENGINE


class Organisation(Table, tablename="organisation", db=ENGINE):
    """The one organisation: always row 1."""

    id = SmallInt(primary_key=True, default=1)
    name = Text(default="Muster")
    timezone = Text(default="UTC")
    language = Text(default="en")
    managers_enroll = Boolean(default=False)
    fuse_most = Integer(default=1000)
    fuse_entering = Integer(default=1000)


class Learner(Table, tablename="learner", db=ENGINE):
    """Any account: a person."""

    id = Serial(primary_key=True)
    email = Text(default=None)
    first_name = Text()
    last_name = Text()
    language = Text(default="en")
    status = Text(default="active")
    added_at = Timestamptz(default=None)
    external_id = Text(null=True, default=None)
    manager_id: "ForeignKey[Learner]" = ForeignKey(
        "self", on_delete=OnDelete.set_null, null=True, default=None
    )
    is_admin = Boolean(default=False)
    password_hash = Text(null=True, default=None)
    version = Integer(default=1)


class Field(Table, tablename="field", db=ENGINE):
    """A custom field of learners."""

    id = Serial(primary_key=True)
    key = Text(default=None)
    name = Text(default=None)
    type = Text(default=None)
    options = Array(base_column=Text(), default=list)
    version = Integer(default=1)


class FieldValue(Table, tablename="field_value", db=ENGINE):
    """One learner's value of one field: exactly one of the value columns is set."""

    learner_id = Integer(primary_key=True, default=None)
    field_id = ForeignKey(Field, null=False)
    text_value = Text(null=True, default=None)
    number_value = DoublePrecision(null=True, default=None)
    date_value = Date(null=True, default=None)
    boolean_value = Boolean(null=True, default=None)
