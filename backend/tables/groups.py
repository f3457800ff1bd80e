"""Groups and who is in them, and the environments they belong to."""

from piccolo.columns import Boolean, ForeignKey, Integer, OnDelete, Serial, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.people import Learner


class Environment(Table, tablename="environment", db=ENGINE):
    """A subenvironment that resellers work in."""

    id = Serial(primary_key=True)
    name = Text(default=None)
    external_id = Text(null=True, default=None)


class EnvironmentReseller(Table, tablename="environment_reseller", db=ENGINE):
    """Who resells in an environment."""

    environment_id = Integer(primary_key=True, default=None)
    learner_id = ForeignKey(Learner, null=False)


class LearnerGroup(Table, tablename="learner_group", db=ENGINE):
    """A group, company, department, team, function or qualification."""

    id = Serial(primary_key=True)
    name = Text(default=None)
    kind = Text(default="group")
    parent_id: "ForeignKey[LearnerGroup]" = ForeignKey(
        "self", on_delete=OnDelete.restrict, null=True, default=None
    )
    environment_id = ForeignKey(Environment, on_delete=OnDelete.set_null, null=True, default=None)
    description = Text()
    color = Text(null=True, default=None)
    private = Boolean(default=False)
    external_id = Text(null=True, default=None)
    ends_at = Timestamptz(null=True, default=None)
    # Whether rules that use it freeze once it has ended, or go on.
    after_end = Text(default="freeze")
    # That it has ended: told by the clock, and then a fact like any other.
    ended = Boolean(default=False)
    version = Integer(default=1)


class Membership(Table, tablename="membership", db=ENGINE):
    """A learner in a group."""

    learner_id = ForeignKey(Learner, null=False)
    group_id = Integer(primary_key=True, default=None)
    role = Text(default="member")
    since = Timestamptz(default=None)
