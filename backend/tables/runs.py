"""Runs: what was done, and what it changed about whom."""

from piccolo.columns import JSONB, Array, BigInt, BigSerial, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table

from backend.database import ENGINE
from backend.tables.enrollment_methods import EnrollmentMethod
from backend.tables.learning import Session
from backend.tables.people import Learner


class Run(Table, tablename="run", db=ENGINE):
    """One applied or held plan, with its cause."""

    id = BigSerial(primary_key=True)
    method_id = ForeignKey(EnrollmentMethod, on_delete=OnDelete.set_null, null=True, default=None)
    session_id = ForeignKey(Session, null=True, default=None)
    cause = Text(default=None)
    actor_id = ForeignKey(Learner, on_delete=OnDelete.set_null, null=True, default=None)
    state = Text(default=None)
    entered = Integer(default=0)
    left_count = Integer(default=0)
    gaining = Integer(default=0)
    losing = Integer(default=0)
    completed_stay = Integer(default=0)
    blocked = Integer(default=0)
    total = Integer(default=0)
    done = Integer(default=0)
    position = BigInt(null=True, default=None)
    detail = JSONB(default="{}")
    undo_of: "ForeignKey[Run]" = ForeignKey("self", null=True, default=None)
    # The act that it follows from; of what follows from that, the act itself. The database tells it of a run that is made during an act.
    caused_by: "ForeignKey[Run]" = ForeignKey("self", on_delete=OnDelete.set_null, null=True, default=None)
    created_at = Timestamptz(default=None)
    finished_at = Timestamptz(null=True, default=None)


class RunChange(Table, tablename="run_change", db=ENGINE):
    """What one run did to one person. Its references are looked at like an enrollment's."""

    run_id = BigInt(primary_key=True, default=None)
    learner_id = Integer(default=None)
    change = Text(default=None)
    before = JSONB(null=True, default=None)
    after = JSONB(null=True, default=None)
    reason = JSONB(null=True, default=None)


class RunChangeShared(Table, tablename="run_change_shared", db=ENGINE):
    """What one run did alike to many people, who are in order. The database tells the first, the last and how many they are."""

    run_id = BigInt(primary_key=True, default=None)
    change = Text(default=None)
    learners = Array(base_column=Integer(), default=None)
    first_id = Integer(default=None)
    last_id = Integer(default=None)
    people = Integer(default=None)
    before = JSONB(null=True, default=None)
    after = JSONB(null=True, default=None)
    reason = JSONB(null=True, default=None)


class RunFact(Table, tablename="run_fact", db=ENGINE):
    """A fact or a row of structure that a run wrote, as it was before and after. Triggers write it: see migrations/act_runs.sql."""

    id = BigSerial(primary_key=True)
    run_id = BigInt(default=None)
    step = BigInt(default=None)
    at = Timestamptz(default=None)
    table_name = Text(default=None)
    before = JSONB(null=True, default=None)
    after = JSONB(null=True, default=None)


class Telling(Table, tablename="telling", db=ENGINE):
    """A large run whose people are still to be told, and how far that is."""

    run_id = BigInt(primary_key=True, default=None)
    session_id = ForeignKey(Session, null=False)
    enrolled_at = Timestamptz(default=None)
    last_learner_id = Integer(default=0)
