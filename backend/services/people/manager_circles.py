"""Nobody is, through others, their own manager: looked at before managers are written."""

from collections.abc import Mapping

from backend.database import fetch, lock_by_name
from backend.services.people import statements


async def in_circles(changes: Mapping[int, int]) -> frozenset[int]:
    """Those whose new manager (`changes`, by learner) would close a circle, whoever else is changed along with them.

    Until the transaction ends nobody else writes managers: two changes that are sound by themselves can close one together.
    """
    if not changes:
        return frozenset()
    await lock_by_name("learner.manager")
    rows = await fetch(statements.MANAGERS_ABOVE, sorted(set(changes.values())))
    return circles({row["id"]: row["manager_id"] for row in rows} | dict(changes)) & changes.keys()


def circles(managers: Mapping[int, int]) -> frozenset[int]:
    """Everybody who is their own manager through others, or directly. Each person is passed once."""
    found: set[int] = set()
    passed: set[int] = set()
    for start in managers:
        way: dict[int, int] = {}
        one: int | None = start
        while one is not None and one not in passed:
            passed.add(one)
            way[one] = len(way)
            one = managers.get(one)
        if one is not None and one in way:
            found.update(person for person, at in way.items() if at >= way[one])
    return frozenset(found)
