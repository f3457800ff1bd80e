"""What would break if something were deleted: nothing is deleted from under others silently."""

from backend.database import fetch
from backend.rules import Dependency, convert, depends_on
from backend.rules.dependencies import DependencyKind
from backend.schemas.problem import Dependent
from backend.services.errors import HasDependents

# The answer names the first ones; a person clears them and asks again.
MOST_NAMED = 100

_RULES = """
SELECT 'segment' AS kind, id, name, rule FROM segment
UNION ALL
SELECT 'method', m.id, coalesce(nullif(m.name, ''), s.name), m.rule
FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE m.rule IS NOT NULL AND m.deleted_at IS NULL
ORDER BY 1 DESC, 2
"""


async def refuse_if_rules_refer(what: str, *found: Dependency) -> None:
    """Raises `HasDependents` if a segment's or method's rule refers to any of these."""
    await refuse(what, await rules_that_refer(*found))


async def rules_that_refer(*found: Dependency) -> list[Dependent]:
    """Segments and methods whose rule refers to any of these."""
    wanted = set(found)
    return [
        Dependent(row["kind"], row["id"], row["name"])
        for row in await fetch(_RULES)
        if not wanted.isdisjoint(depends_on(convert(row["rule"])))
    ]


async def named(kind: str, sql: str, *arguments: object) -> list[Dependent]:
    """The rows of `sql` (id, name) as dependents of this kind."""
    rows = await fetch(f"{sql} ORDER BY 1 LIMIT {MOST_NAMED}", *arguments)
    return [Dependent(kind, row[0], row[1]) for row in rows]


async def refuse(what: str, dependents: list[Dependent]) -> None:
    """Raises `HasDependents` if there are any."""
    if dependents:
        raise HasDependents(what, dependents[:MOST_NAMED])


__all__ = ["Dependency", "DependencyKind", "named", "refuse", "refuse_if_rules_refer", "rules_that_refer"]
