"""Audiences with names."""

from piccolo.columns import JSONB, Date, ForeignKey, Integer, OnDelete, Serial, Text
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.people import Learner


class Segment(Table, tablename="segment", db=ENGINE):
    """A named audience that others refer to."""

    id = Serial(primary_key=True)
    name = Text(default=None)
    rule = JSONB(default=None)
    created_by = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    version = Integer(default=1)


class AudienceSize(Table, tablename="audience_size", db=ENGINE):
    """How large the audience of a method or segment is, and how it changed from day to day. See `enrollment/audience_sizes.py`."""

    kind = Text(primary_key=True, default=None)
    ref_id = Integer(default=None)
    since = Date(default=None)
    day = Date(default=None)
    size = Integer(default=None)
    net = Integer(default=0)
    told = Integer(default=0)
    past = JSONB(default="[]")
    causes = JSONB(default="[]")
