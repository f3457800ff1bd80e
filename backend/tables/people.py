"""Who exists, what is known about them, which groups they are in."""

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


class Environment(Table, tablename="environment", db=ENGINE):
    """A subenvironment that resellers work in."""

    id = Serial(primary_key=True)
    name = Text(required=True)
    external_id = Text(null=True, default=None)


class Learner(Table, tablename="learner", db=ENGINE):
    """Any account: a person."""

    id = Serial(primary_key=True)
    email = Text(required=True)
    first_name = Text()
    last_name = Text()
    language = Text(default="en")
    status = Text(default="active")
    added_at = Timestamptz(required=True)
    external_id = Text(null=True, default=None)
    manager_id: "ForeignKey[Learner]" = ForeignKey(
        "self", on_delete=OnDelete.set_null, null=True, default=None
    )
    is_admin = Boolean(default=False)
    password_hash = Text(null=True, default=None)
    version = Integer(default=1)


class EnvironmentReseller(Table, tablename="environment_reseller", db=ENGINE):
    """Who resells in an environment."""

    environment_id = Integer(primary_key=True, required=True)
    learner_id = ForeignKey(Learner, null=False, required=True)


class Field(Table, tablename="field", db=ENGINE):
    """A custom field of learners."""

    id = Serial(primary_key=True)
    key = Text(required=True)
    name = Text(required=True)
    type = Text(required=True)
    options = Array(base_column=Text(), default=list)
    version = Integer(default=1)


class FieldValue(Table, tablename="field_value", db=ENGINE):
    """One learner's value of one field: exactly one of the value columns is set."""

    learner_id = Integer(primary_key=True, required=True)
    field_id = ForeignKey(Field, null=False, required=True)
    text_value = Text(null=True, default=None)
    number_value = DoublePrecision(null=True, default=None)
    date_value = Date(null=True, default=None)
    boolean_value = Boolean(null=True, default=None)


class LearnerGroup(Table, tablename="learner_group", db=ENGINE):
    """A group, company, department, team, function or qualification."""

    id = Serial(primary_key=True)
    name = Text(required=True)
    kind = Text(default="group")
    parent_id: "ForeignKey[LearnerGroup]" = ForeignKey(
        "self", on_delete=OnDelete.restrict, null=True, default=None
    )
    environment_id = ForeignKey(Environment, on_delete=OnDelete.set_null, null=True, default=None)
    description = Text()
    color = Text(null=True, default=None)
    private = Boolean(default=False)
    external_id = Text(null=True, default=None)
    version = Integer(default=1)


class Membership(Table, tablename="membership", db=ENGINE):
    """A learner in a group."""

    learner_id = ForeignKey(Learner, null=False, required=True)
    group_id = Integer(primary_key=True, required=True)
    role = Text(default="member")
    since = Timestamptz(required=True)
