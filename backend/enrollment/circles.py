"""Dynamic rules that ask who is enrolled must not, through one another, ask about themselves."""

from collections.abc import Mapping


def circle_through(activity: int, asks: Mapping[int, frozenset[int]]) -> list[int]:
    """The shortest way from `activity` back to itself along `asks`; empty when there is none.

    `asks[a]` are the activities whose enrollments decide, by dynamic rules, who is enrolled in `a`.
    """
    trails = [[activity]]
    seen: set[int] = set()
    while trails:
        longer: list[list[int]] = []
        for trail in trails:
            for asked in sorted(asks.get(trail[-1], frozenset())):
                if asked == activity:
                    return [*trail, activity]
                if asked not in seen:
                    seen.add(asked)
                    longer.append([*trail, asked])
        trails = longer
    return []
