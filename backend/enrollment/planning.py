"""The plan: the difference between who should be enrolled by a method and who is."""

import hashlib

from msgspec import Struct
from pyroaring import BitMap


class Situation(Struct, frozen=True, kw_only=True):
    """What a plan is made from; sets of learner ids.

    `desired`: whom the audience holds. `actual`: who holds the method's source. `countable`: who is invited or active.
    `elsewhere`: who is enrolled in another session of the same activity (empty where that is allowed). `enrolled`: whose
    enrollment in this session is live, `completed` of them those who have completed it. `others`: who holds a live source
    of another method of the session. `left_out`: whom no method of the session may enroll. `keeps`: whether the policy keeps those enrolled whom no method holds any more.
    """

    desired: BitMap
    actual: BitMap
    countable: BitMap
    elsewhere: BitMap
    enrolled: BitMap
    completed: BitMap
    others: BitMap
    left_out: BitMap = BitMap()
    keeps: bool = False


class Plan(Struct, frozen=True, kw_only=True):
    """Eight sets without a common member; everybody else is none of the method's business.

    `entering`: their enrollment begins. `leaving`: it ends. `gaining`: enrolled already, they get this source too.
    `losing`: they lose this source and stay enrolled. `completed_stay`: completed, and held by the rule no longer; their
    completion stays. `staying`: nothing changes. `blocked`: wanted, and enrolled in another session of the activity.
    `excluded`: wanted, and left out of the session; who holds the method's source besides is among those who lose it.

    They add up, among countable people:

    - `entering` + `gaining` + `staying` + `blocked` + `excluded` are those whom the audience holds;
    - `leaving` + `losing` + `completed_stay` + `staying` are those who hold the method's source before it is applied;
    - `entering` + `gaining` + `staying` are those who hold it afterwards.
    """

    entering: BitMap
    leaving: BitMap
    gaining: BitMap
    losing: BitMap
    completed_stay: BitMap
    staying: BitMap
    blocked: BitMap
    excluded: BitMap

    @property
    def opening(self) -> BitMap:
        """Who gets a source of the method."""
        return self.entering | self.gaining

    @property
    def closing(self) -> BitMap:
        """Whose source of the method ends, whatever becomes of their enrollment."""
        return self.leaving | self.losing | self.completed_stay


def make_plan(situation: Situation) -> Plan:
    """Desired minus actual, among countable people only: the sources of all others are dormant, and stay."""
    asked = situation.desired & situation.countable
    actual = situation.actual & situation.countable
    desired = asked - situation.left_out
    wanted, unwanted = desired - actual, actual - desired
    blocked = wanted & situation.elsewhere
    gaining = (wanted - blocked) & situation.enrolled
    completed_stay = unwanted & situation.completed
    losing = unwanted - completed_stay
    if not situation.keeps:
        # Who is enrolled no longer has nothing else to lose.
        losing &= situation.others | (unwanted - situation.enrolled)
    return Plan(
        entering=wanted - blocked - gaining,
        leaving=unwanted - completed_stay - losing,
        gaining=gaining,
        losing=losing,
        completed_stay=completed_stay,
        staying=actual & desired,
        blocked=blocked,
        excluded=(asked & situation.left_out) - actual,
    )


def digest(rule: bytes, policy: bytes, plan: Plan) -> str:
    """The plan's hash: SHA-256 over the canonical rule, the policy and everybody in it.

    Equal hashes mean that confirming does to the same people what was shown.
    """
    made = hashlib.sha256()
    parts = (rule, policy, *(people(getattr(plan, name)) for name in Plan.__struct_fields__))
    for part in parts:
        # The length keeps "ab","c" apart from "a","bc".
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return made.hexdigest()


def people(found: BitMap) -> bytes:
    """The members in order, as 32-bit integers: one spelling for one set, however its containers are laid out."""
    return found.to_array().tobytes()
