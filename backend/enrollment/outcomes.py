"""What the one writer makes of who is to come and who is to go, over sets of people: the rules of its statements, said a second time.

`services/enrollment/writing` has the first: ENTER and FILL, LEAVE and KEEP. A property test holds the two against each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from pyroaring import BitMap

Leave = Literal["keep", "expire", "erase"]
# The mildest first: it decides where several sources go at once.
_LEAVES: tuple[Leave, ...] = ("keep", "expire", "erase")


class Coming(Struct, frozen=True):
    """Those who are to get a source of a method: they count, and have none of it."""

    method_id: int
    session_id: int
    people: BitMap
    priority: int = 0


class Came(Struct, frozen=True):
    """What becomes of them: `opening` get the source, `enrolling` of them an enrollment that was not there.

    Who is enrolled in another session of the activity is `blocked`, by that session.
    """

    method_id: int
    session_id: int
    opening: BitMap
    enrolling: BitMap
    blocked: Mapping[int, BitMap]


def come(coming: Iterable[Coming], live: Mapping[int, BitMap], *, exclusive: bool) -> list[Came]:
    """Of one activity, and all at once. `live` are the people enrolled in each of its sessions; `exclusive`: one at a time.

    Where two methods want a person for two sessions at once, the one of the higher priority gets them, of equals the older.
    """
    placed = defaultdict(BitMap, {session_id: people.copy() for session_id, people in live.items()})
    anywhere = BitMap.union(BitMap(), *placed.values())
    done = []
    for one in sorted(coming, key=lambda each: (-each.priority, each.method_id)):
        here = placed[one.session_id]
        fresh = one.people - (anywhere if exclusive else here)
        opening = one.people & (here | fresh) if exclusive else one.people
        placed[one.session_id] = here | fresh
        anywhere |= fresh
        waiting = one.people - opening
        blocked = {
            session_id: waiting & people for session_id, people in placed.items() if waiting.intersect(people)
        }
        done.append(Came(one.method_id, one.session_id, opening, fresh, blocked))
    return done


class Going(Struct, frozen=True):
    """Those whose source of a method is to end: they hold it. `on_leave` is the method's own policy."""

    method_id: int
    on_leave: Leave
    people: BitMap


class Gone(Struct, frozen=True):
    """What becomes of them: `ending` lose access, `keeping` stay without a source and get one by hand, the others are held."""

    ending: BitMap
    keeping: BitMap


def go(
    going: Sequence[Going],
    remaining: BitMap,
    *,
    live: BitMap,
    completed: BitMap,
    asked: Leave | None = None,
) -> Gone:
    """Of one session, and all at once. `remaining` hold a source that does not end, `live` are enrolled, `completed` of them to the end.

    What a person asked for counts instead of the policies. What is completed ends only where a person asks to erase.
    """
    last = BitMap.union(BitMap(), *(one.people for one in going)) - remaining
    by_policy = {leave: BitMap() for leave in _LEAVES}
    for one in going:
        by_policy[asked or one.on_leave] |= one.people & last
    keeping = by_policy["keep"] & live
    ending = (last - keeping) & live
    if asked != "erase":
        keeping |= ending & completed
        ending -= completed
    return Gone(ending, keeping)


class OutcomeDifference(Struct, frozen=True, kw_only=True):
    """Of one method or session, who is another than before; each person once.

    `entering`/`leaving`: whose enrollment begins or ends; `gaining`/`losing`: enrolled people who get or lose only a source;
    `completed_stay`: who lost it and has completed.
    """

    entering: BitMap
    leaving: BitMap
    gaining: BitMap
    losing: BitMap
    completed_stay: BitMap


def difference(
    opened: BitMap, closed: BitMap, *, live_before: BitMap, live: BitMap, completed: BitMap
) -> OutcomeDifference:
    """From who got and who lost a source, and who was and is enrolled."""
    entering = opened & (live - live_before)
    leaving = closed & (live_before - live)
    gaining = (opened - entering) & live
    staying = closed - leaving - entering - gaining
    return OutcomeDifference(
        entering=entering,
        leaving=leaving,
        gaining=gaining,
        losing=staying - completed,
        completed_stay=staying & completed,
    )
