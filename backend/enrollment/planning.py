"""The plan: the difference between who should be enrolled by a method and who is."""

import hashlib

from msgspec import Struct
from pyroaring import BitMap


class Situation(Struct, frozen=True):
    """What a plan is made from; sets of learner ids.

    `desired`: whom the audience holds. `actual`: who holds the method's source. `countable`: who is invited or active.
    `elsewhere`: who is enrolled in another session of the same activity (empty where that is allowed).
    """

    desired: BitMap
    actual: BitMap
    countable: BitMap
    elsewhere: BitMap


class Plan(Struct, frozen=True):
    """Four sets without a common member; everybody else is none of the method's business."""

    entering: BitMap
    leaving: BitMap
    staying: BitMap
    blocked: BitMap

    def is_empty(self) -> bool:
        """Whether applying it would write nothing about anybody."""
        return not (self.entering or self.leaving)


def make_plan(situation: Situation) -> Plan:
    """Desired minus actual, among countable people only: the sources of all others are dormant, and stay."""
    desired = situation.desired & situation.countable
    actual = situation.actual & situation.countable
    wanted = desired - actual
    blocked = wanted & situation.elsewhere
    return Plan(
        entering=wanted - blocked, leaving=actual - desired, staying=actual & desired, blocked=blocked
    )


def digest(rule: bytes, policy: bytes, plan: Plan) -> str:
    """The plan's hash: SHA-256 over the canonical rule, the policy and everybody in it.

    Equal hashes mean that confirming does to the same people what was shown.
    """
    made = hashlib.sha256()
    parts = (
        rule,
        policy,
        *(people(found) for found in (plan.entering, plan.leaving, plan.staying, plan.blocked)),
    )
    for part in parts:
        # The length keeps "ab","c" apart from "a","bc".
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.hexdigest()


def people(found: BitMap) -> bytes:
    """The members in order, as 32-bit integers: one spelling for one set, however its containers are laid out."""
    return found.to_array().tobytes()
