"""The steps of an activity, written as a whole list; known ones keep their ids and what learners did on them."""

from collections.abc import Mapping, Sequence

from msgspec import UNSET

from backend.database import execute, fetch
from backend.schemas.learning import StepInput
from backend.schemas.problem import Mistake
from backend.services.errors import Invalid


async def _mistakes(activity_id: int, steps: Sequence[StepInput], titles: dict[int, str]) -> list[Mistake]:
    known = {row["id"] for row in await fetch("SELECT id FROM step WHERE activity_id = $1", activity_id)}
    kinds: dict[int, str] = {}
    for row in await fetch(
        "SELECT id, kind, title FROM activity WHERE id = ANY($1)",
        [step.activity_id for step in steps if step.activity_id is not None],
    ):
        kinds[row["id"]] = row["kind"]
        titles[row["id"]] = row["title"]
    found: list[Mistake] = []
    seen: set[int] = set()
    for i, step in enumerate(steps):
        if step.id is not UNSET:
            if step.id not in known:
                found.append(Mistake(f"steps[{i}].id", "unknown", "This activity has no such step."))
            if step.id in seen:
                found.append(Mistake(f"steps[{i}].id", "duplicate", "Each step is in the list once."))
            seen.add(step.id)
        mistake = _mistake(step, activity_id, kinds)
        if mistake is not None:
            found.append(Mistake(f"steps[{i}].{mistake.path}", mistake.code, mistake.message))
    return found


def _mistake(step: StepInput, activity_id: int, kinds: Mapping[int, str]) -> Mistake | None:
    """What is wrong with what the step is; `kinds` are those of the activities that the steps name."""
    if step.kind == "content":
        if step.activity_id is not None:
            return Mistake("activity_id", "content", "A content step is no other activity.")
        return None if step.title else Mistake("title", "required", "A content step needs a title.")
    kind = kinds.get(step.activity_id or 0)
    if step.activity_id is None:
        return Mistake("activity_id", "required", f"Which {step.kind} is this step?")
    if kind is None:
        return Mistake("activity_id", "unknown", "There is no such activity.")
    if step.activity_id == activity_id:
        return Mistake("activity_id", "cycle", "An activity cannot contain itself.")
    return None if kind == step.kind else Mistake("kind", "kind", f"That activity is a {kind}.")


async def write_steps(activity_id: int, steps: Sequence[StepInput]) -> None:
    """Make these the activity's steps, inside the caller's transaction. Raises `Invalid` with the paths."""
    titles: dict[int, str] = {}
    mistakes = await _mistakes(activity_id, steps, titles)
    if mistakes:
        raise Invalid("; ".join(mistake.message for mistake in mistakes), errors=mistakes)
    kept = [step.id for step in steps if step.id is not UNSET]
    await execute(
        "DELETE FROM step WHERE activity_id = $1 AND NOT id = ANY($2::integer[])", activity_id, kept
    )
    numbered = [
        (position, step, step.title or titles.get(step.activity_id or 0, ""))
        for position, step in enumerate(steps, 1)
    ]
    old = [row for row in numbered if row[1].id is not UNSET]
    new = [row for row in numbered if row[1].id is UNSET]
    if old:
        await execute(
            "UPDATE step s SET position = w.position, kind = w.kind, child_activity_id = w.child, title = w.title,"
            " body = w.body, mandatory = w.mandatory, min_score = w.min_score"
            " FROM unnest($1::integer[], $2::integer[], $3::text[], $4::integer[], $5::text[], $6::text[],"
            " $7::boolean[], $8::double precision[])"
            " AS w(id, position, kind, child, title, body, mandatory, min_score)"
            " WHERE s.id = w.id AND (s.position, s.kind, s.child_activity_id, s.title, s.body, s.mandatory, s.min_score)"
            " IS DISTINCT FROM (w.position, w.kind, w.child, w.title, w.body, w.mandatory, w.min_score)",
            [step.id for _, step, _ in old],
            *_columns(old),
        )
    if new:
        await execute(
            "INSERT INTO step (activity_id, position, kind, child_activity_id, title, body, mandatory, min_score)"
            " SELECT $8, * FROM unnest($1::integer[], $2::text[], $3::integer[], $4::text[], $5::text[],"
            " $6::boolean[], $7::double precision[])",
            *_columns(new),
            activity_id,
        )


def _columns(rows: Sequence[tuple[int, StepInput, str]]) -> list[list[object]]:
    return [
        [position for position, _, _ in rows],
        [step.kind for _, step, _ in rows],
        [step.activity_id for _, step, _ in rows],
        [title for _, _, title in rows],
        [step.body for _, step, _ in rows],
        [step.mandatory for _, step, _ in rows],
        [step.min_score for _, step, _ in rows],
    ]
