"""Whom a session is offered to: the rule of its catalog, kept as a method that enrolls nobody and is a part of the session.

See docs/decisions/0064-a-catalog-by-rule-is-a-method.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from asyncpg import Record
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from pyroaring import BitMap

from backend.database import Row, fetch_value
from backend.database.stored_json import stored_object
from backend.enrollment.state_causes import state_sentence
from backend.index import BrokenRule, FacetIndex, Follower
from backend.index.time_slices import TimeSlice
from backend.rules import Rule
from backend.runtime import clock
from backend.schemas.learning.sessions import CatalogAudience
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import current_index, loaded_index
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.enrollment.drafts.method_requests import validate_draft
from backend.services.enrollment.drafts.method_rows import save_method
from backend.services.enrollment.methods.method_sentences import sentence_steps
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.enrollment.writing import course_group_statements
from backend.services.enrollment.writing.course_group_places import Placing, place_all
from backend.services.errors import Forbidden, Invalid
from backend.tables import CourseGroupPlace, EnrollmentMethod
from backend.words import Message

# Up to so many people are shown the session before the answer; beyond it the log has them shown it a moment later.
INLINE = 20_000


async def catalog_method(session_id: int) -> Row | None:
    """The row that keeps the rule of the session's catalog, where it has one."""
    row: Row | None = (
        await EnrollmentMethod.select()
        .where(EnrollmentMethod.session_id == session_id, EnrollmentMethod.kind == "catalog")
        .first()
    )
    return row


async def check_catalog(
    actor: Actor,
    follower: Follower | None,
    session: Row,
    catalog: str,
    rule: Rule | UnsetType | None,
) -> MethodDraft | None:
    """What is to be kept of the rule of a session that is to have this catalog; None where it stays or goes as it is.

    `session` is its row; of one that is to be made, with the id 0. To be asked before anything is written. Raises `Invalid` or `Forbidden`, with places below `catalog_rule`.
    """
    stored = await catalog_method(session["id"]) if session["id"] else None
    if catalog != "audience":
        if isinstance(rule, Rule):
            message = Message(
                "Only a catalog for an audience has a rule: choose that, or leave the rule out."
            )
            raise Invalid.at("catalog_rule", "unused", message)
        if stored is None:
            return None
    elif rule is UNSET and stored is not None:
        return None
    elif not isinstance(rule, Rule):
        raise Invalid.at("catalog_rule", "required", Message("Say to whom the session is offered."))
    if follower is None:
        raise RuntimeError("a catalog by rule needs the index")
    index = await current_index(follower)
    permit = await permit_for(actor, index, session)
    before = None if stored is None else stored_draft(stored)
    if before is not None:
        permit.require_open(index, before)
    if not isinstance(rule, Rule):
        return None
    base = before or MethodDraft(session_id=session["id"], kind="catalog", dynamic=True)
    with _placed_at("catalog_rule"):
        draft = replace(base, rule=rule)
        await permit.require_new(index, draft, before)
        return await validate_draft(draft, index)


async def save_catalog(actor: Actor, follower: Follower | None, draft: MethodDraft) -> None:
    """Keep the rule, and show the session to its people. The caller holds the session's lock. Raises `Invalid` for a broken rule."""
    method_id = await save_method(actor, draft, state="live")
    if follower is None or draft.rule is None:
        return
    index, rule = follower.index, draft.rule
    day = clock.today(index.timezone)
    try:
        found = await index.sliced(lambda: index.evaluate_steps(rule, day))
    except BrokenRule as broken:
        errors = [Mistake(path=p.path, code=p.code, message=p.message) for p in broken.problems]
        with _placed_at("catalog_rule"):
            raise Invalid(Message("The rule refers to something that is gone."), errors=errors) from broken
    wanted = index.allowed(draft.session_id, found, day) & index.countable
    place = CourseGroupPlace
    held = BitMap(
        row["learner_id"] for row in await place.select(place.learner_id).where(place.method_id == method_id)
    )
    entering, leaving = wanted - held, held - wanted
    if len(entering) + len(leaving) <= INLINE:
        await place_all([Placing(method_id, list(entering), list(leaving))])


async def catalog_as_seen(
    actor: Actor, follower: Follower, session: Record
) -> tuple[Rule | None, CatalogAudience | None]:
    """The rule, and what is told of it, to whoever enrolls in the session; without what is sealed to them."""
    row = await catalog_method(session["id"])
    if row is None:
        return None, None
    # It may be asked by who has just written it: what is not committed cannot be waited for.
    index = await loaded_index(follower)
    permit = await permit_for(actor, index, session)
    draft = stored_draft(row)
    sealed = permit.reader.seals_method("catalog", row["rule"], index) or not permit.reads(index, draft)
    details = stored_object(row["state_details"])
    told = CatalogAudience(
        sentence=None
        if sealed
        else await _sentence(index, row, actor, permit.reader.hidden(index, index.groups)),
        # As the tables have it: whoever has just saved it is told at once.
        people=await fetch_value(course_group_statements.HELD, row["id"]),
        state=row["state"],
        state_reason="" if sealed else state_sentence(row["state_cause"], details, actor.reads),
        sealed=sealed,
        editable=permit.opens(index, draft),
    )
    rule = None if sealed or draft.rule is None else permit.reader.opened(draft.rule, index)
    return rule, told


async def _sentence(index: FacetIndex, row: Row, actor: Actor, hidden: frozenset[int]) -> str:
    return await index.sliced(lambda: sentence_steps(row, index, actor.reads, hidden), TimeSlice())


@contextmanager
def _placed_at(path: str) -> Iterator[None]:
    """Mistakes of a method's rule, told where the session has it."""
    try:
        yield
    except (Invalid, Forbidden) as error:
        error.errors = [
            replace(one, path=path + one.path.removeprefix("rule")) if one.path.startswith("rule") else one
            for one in error.errors
        ]
        raise
