"""The steps of an activity, written as a whole list; known ones keep their ids and what learners did on them."""

from collections.abc import Mapping, Sequence

from msgspec import UNSET

from backend.database import any_of, execute, none_of
from backend.schemas.learning.activities import StepInput
from backend.schemas.problem import Mistake
from backend.services.errors import Invalid
from backend.services.learning import statements
from backend.tables import Activity, Step
from backend.words import Message
from backend.words.nouns import activity_kind


async def _mistakes(activity_id: int, steps: Sequence[StepInput], titles: dict[int, str]) -> list[Mistake]:
    known = {row["id"] for row in await Step.select(Step.id).where(Step.activity_id == activity_id)}
    kinds: dict[int, str] = {}
    named = [step.activity_id for step in steps if step.activity_id is not None]
    for row in await Activity.select(Activity.id, Activity.kind, Activity.title).where(
        any_of(Activity.id, named)
    ):
        kinds[row["id"]] = row["kind"]
        titles[row["id"]] = row["title"]
    found: list[Mistake] = []
    seen: set[int] = set()
    for i, step in enumerate(steps):
        if step.id is not UNSET:
            if step.id not in known:
                found.append(Mistake(f"steps[{i}].id", "unknown", Message("This activity has no such step.")))
            if step.id in seen:
                found.append(
                    Mistake(f"steps[{i}].id", "duplicate", Message("Each step is in the list once."))
                )
            seen.add(step.id)
        mistake = _mistake(step, activity_id, kinds)
        if mistake is not None:
            found.append(Mistake(f"steps[{i}].{mistake.path}", mistake.code, mistake.message))
    return found


def _mistake(step: StepInput, activity_id: int, kinds: Mapping[int, str]) -> Mistake | None:
    """What is wrong with what the step is; `kinds` are those of the activities that the steps name."""
    if step.kind == "content":
        if step.activity_id is not None:
            return Mistake("activity_id", "content", Message("A content step is no other activity."))
        return None if step.title else Mistake("title", "required", Message("A content step needs a title."))
    kind = kinds.get(step.activity_id or 0)
    if step.activity_id is None:
        return Mistake(
            "activity_id", "required", Message("Which {kind} is this step?", kind=activity_kind(step.kind))
        )
    if kind is None:
        return Mistake("activity_id", "unknown", Message("There is no such activity."))
    if step.activity_id == activity_id:
        return Mistake("activity_id", "cycle", Message("An activity cannot contain itself."))
    return (
        None
        if kind == step.kind
        else Mistake("kind", "kind", Message("That activity is a {kind}.", kind=activity_kind(kind)))
    )


async def write_steps(activity_id: int, steps: Sequence[StepInput]) -> None:
    """Make these the activity's steps, inside the caller's transaction. Raises `Invalid` with the paths."""
    titles: dict[int, str] = {}
    mistakes = await _mistakes(activity_id, steps, titles)
    if mistakes:
        raise Invalid.about(mistakes)
    kept = [step.id for step in steps if step.id is not UNSET]
    await Step.delete().where(Step.activity_id == activity_id, none_of(Step.id, kept))
    numbered = [
        (position, step, step.title or titles.get(step.activity_id or 0, ""))
        for position, step in enumerate(steps, 1)
    ]
    old = [row for row in numbered if row[1].id is not UNSET]
    new = [row for row in numbered if row[1].id is UNSET]
    if old:
        await execute(
            statements.CHANGE_STEPS,
            [step.id for _, step, _ in old],
            *_columns(old),
        )
    if new:
        await execute(
            statements.INSERT_STEPS,
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
