"""Sheets imported over the web: read and tried out first, applied when somebody says so. `import_work` does the work."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from backend.database import Row, after_commit, as_json, current_run, fetch, transaction
from backend.database.stored_json import stored_object
from backend.runtime import clock
from backend.schemas import imports as wire
from backend.schemas.imports import ImportKind
from backend.schemas.problem import Mistake
from backend.services import jobs
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.errors import Conflict, Invalid, TooLarge
from backend.services.imports import statements
from backend.services.imports.import_lists import COUNTS, decisions_of, detail_of, get_import, import_row
from backend.sheets import xlsx_bytes
from backend.sheets.limits import MOST_BYTES
from backend.tables import ImportJob, ImportRow
from backend.words import Message
from backend.words.nouns import import_state

LONGEST_NAME = 300
# A sheet about people is not kept for nothing.
UNANSWERED_FOR = timedelta(days=30)


class OpenQuestions(Conflict):
    """The sheet leaves something open that only a person knows; the questions come with it."""

    type, title = "open_questions", Message("There are open questions")

    def __init__(self, questions: Sequence[wire.ImportQuestion]) -> None:
        named = ", ".join(f"“{one.id}”" for one in questions)
        super().__init__(
            Message("Answer what the sheet leaves open first: {named}.", named=named),
            extra={"questions": list(questions)},
        )


async def begin(actor: Actor, kind: ImportKind, filename: str, content: bytes) -> int:
    """Take in a sheet; a worker reads it. For platform admins. Raises `TooLarge`."""
    require_admin(actor)
    if len(content) > MOST_BYTES:
        raise TooLarge(Message("A sheet may have {most} MB.", most=MOST_BYTES // 1024**2))
    async with transaction():
        made = await ImportJob.insert(
            ImportJob(
                kind=kind,
                state="reading",
                filename=filename[:LONGEST_NAME],
                content=content,
                created_by=actor.id or None,
                created_at=clock.now(),
                # The command line acts for nobody in particular.
                detail=as_json({} if actor.id else {"system": True}),
            )
        ).returning(ImportJob.id)
        import_id: int = made[0]["id"]
        await audit.record(
            actor, "import.begin", "import", import_id, kind=kind, filename=filename[:LONGEST_NAME]
        )
        after_commit(_wake)
    return import_id


async def apply(actor: Actor, import_id: int) -> wire.Import:
    """Let a worker write the good rows. For platform admins. Raises `Conflict` unless it is ready, and nothing is open."""
    async with transaction():
        _require_ready(await import_row(actor, import_id, lock=True))
        await ImportJob.update(
            # Whoever confirmed what it does has a run: what the worker writes is its doing.
            {ImportJob.state: "applying", ImportJob.progress: 0, ImportJob.run_id: await current_run()}
        ).where(ImportJob.id == import_id, ImportJob.state == "ready")
        await audit.record(actor, "import.apply", "import", import_id)
        after_commit(_wake)
    return await get_import(actor, import_id)


async def require_ready(actor: Actor, import_id: int) -> Row:
    """The import's row. Raises what applying it raises."""
    row = await import_row(actor, import_id)
    _require_ready(row)
    return row


def _require_ready(row: Row) -> None:
    if row["state"] not in {"ready", "applying"}:
        raise Conflict(
            Message(
                "This import is {state}; only one that is ready can be applied.",
                state=import_state(row["state"]),
            )
        )
    if open_ones := [one for one in decisions_of(row) if one.value is None]:
        raise OpenQuestions(open_ones)


async def answer(actor: Actor, import_id: int, answers: Mapping[str, str]) -> wire.Import:
    """Answer questions, or change what the sheet was taken for: it is read anew. For platform admins.

    Raises `Conflict` unless it is ready, `Invalid` for what is not asked or cannot be answered so.
    """
    async with transaction():
        row = await import_row(actor, import_id, lock=True)
        if row["state"] != "ready":
            raise Conflict(
                Message(
                    "This import is {state}; only of one that is ready questions are answered.",
                    state=import_state(row["state"]),
                )
            )
        _check_answers(decisions_of(row), answers)
        detail = {name: value for name, value in detail_of(row).items() if name not in COUNTS}
        detail["answers"] = (stored_object(detail_of(row).get("answers")) or {}) | dict(answers)
        await ImportRow.delete().where(ImportRow.job_id == import_id)
        await ImportJob.update(
            {
                ImportJob.state: "reading",
                ImportJob.progress: 0,
                ImportJob.rows: 0,
                ImportJob.valid: 0,
                ImportJob.errors: 0,
                ImportJob.detail: as_json(detail),
            }
        ).where(ImportJob.id == import_id)
        await audit.record(actor, "import.answer", "import", import_id, answers=dict(answers))
        after_commit(_wake)
    return await get_import(actor, import_id)


def _check_answers(decisions: Sequence[wire.ImportQuestion], answers: Mapping[str, str]) -> None:
    options = {one.id: one.options for one in decisions}
    mistakes = [
        Mistake(id_, "unknown", Message("This is not asked about the sheet."))
        if id_ not in options
        else Mistake(id_, "choice", Message("Choose one of {options}.", options=", ".join(options[id_])))
        for id_, value in answers.items()
        if value not in options.get(id_, ())
    ]
    if mistakes:
        raise Invalid(Message("These answers do not fit the questions."), errors=mistakes)


async def cancel(actor: Actor, import_id: int) -> wire.Import:
    """Stop it; what was written stays. For platform admins. Raises `Conflict` when it has ended."""
    async with transaction():
        row = await import_row(actor, import_id, lock=True)
        if row["state"] not in {"reading", "ready", "applying"}:
            raise Conflict(Message("This import is {state} already.", state=import_state(row["state"])))
        await end(import_id, "cancelled")
        await audit.record(actor, "import.cancel", "import", import_id)
    return await get_import(actor, import_id)


async def template(actor: Actor, session_ids: Sequence[int]) -> bytes:
    """An empty xlsx with one column a session, to be marked and imported as enrollments. For platform admins."""
    require_admin(actor)
    rows = await fetch(
        statements.SESSIONS_NAMED,
        list(session_ids),
    )
    named = {row["id"]: f"{row['title']}: {row['name']} [#{row['id']}]" for row in rows}
    unknown = [i for i, session_id in enumerate(session_ids) if session_id not in named]
    if unknown:
        raise Invalid.at(f"session_ids[{unknown[0]}]", "unknown", Message("There is no such session."))
    header = ["E-mail", *(named[session_id] for session_id in dict.fromkeys(session_ids))]
    return await asyncio.to_thread(xlsx_bytes, header, [])


async def forget_unanswered() -> None:
    """Imports that nobody has applied for long end, for their sheets are kept until then."""
    await ImportJob.update(
        {ImportJob.state: "cancelled", ImportJob.content: None, ImportJob.finished_at: clock.now()}
    ).where(ImportJob.state == "ready", ImportJob.created_at < clock.now() - UNANSWERED_FOR)


async def _wake() -> None:
    await jobs.enqueue("run_imports")


async def end(import_id: int, state: wire.ImportState) -> None:
    """The import is over; the sheet itself is not kept."""
    await ImportJob.update(
        {
            ImportJob.state: state,
            ImportJob.finished_at: clock.now(),
            ImportJob.content: None,
            ImportJob.progress: 1 if state == "done" else ImportJob.progress,
        }
    ).where(ImportJob.id == import_id)
