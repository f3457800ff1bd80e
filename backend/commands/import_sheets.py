"""`muster import`: sheets from the command line, as the same imports that the web has."""

from pathlib import Path
from typing import Annotated

import typer

from backend.commands.context import UNUSABLE, DataDir, fail, run_command, say
from backend.embedded import Servers
from backend.schemas.imports import Import, ImportKind
from backend.services.access.actor import SYSTEM
from backend.services.errors import Invalid, TooLarge
from backend.services.imports import import_lists, import_work, imports
from backend.settings import Settings

# More are summed up: a wrong column would fill the screen with the same mistake.
MISTAKES_SHOWN = 20


def import_files(
    kind: Annotated[ImportKind, typer.Argument(help="What the rows are")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV or xlsx, headers in the first row")
    ],
    answer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID=VALUE",
            help="Answer what a file leaves open, such as date_order:fields.hired=day_first",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Import learners, groups, memberships, results or enrollments. Good rows are kept, bad ones reported.

    A file that leaves something open is not imported before that is answered.
    """
    answers = dict(_answer(one) for one in answer or [])
    contents: list[tuple[Path, bytes]] = []
    for file in files:
        try:
            contents.append((file, file.read_bytes()))
        except OSError as error:
            fail(f"{file} cannot be read: {error.strerror or error}", UNUSABLE)

    async def work(_: Settings, __: Servers) -> bool:
        return all([await _import(kind, file, content, answers) for file, content in contents])

    if not run_command(data_dir, work):
        raise typer.Exit(1)


def _answer(text: str) -> tuple[str, str]:
    id_, equals, value = text.rpartition("=")
    if not equals or not id_:
        fail(f"--answer {text}: write it as ID=VALUE", UNUSABLE)
    return id_, value


async def _import(kind: ImportKind, file: Path, content: bytes, answers: dict[str, str]) -> bool:
    try:
        import_id = await imports.begin(SYSTEM, kind, file.name, content)
    except TooLarge as error:
        fail(f"{file}: {error}")
    found = await _worked_on(import_id)
    asked = {one.id for one in (*found.questions, *found.settings)}
    given = {id_: value for id_, value in answers.items() if id_ in asked}
    if found.state == "ready" and given:
        try:
            await imports.answer(SYSTEM, import_id, given)
        except Invalid as error:
            await imports.cancel(SYSTEM, import_id)
            fail(f"{file}: {'; '.join(f'{one.path}: {one.message}' for one in error.errors)}")
        found = await _worked_on(import_id)
    if found.state == "ready" and found.questions:
        await imports.cancel(SYSTEM, import_id)
        _ask(file, found)
        return False
    if found.state == "ready":
        await imports.apply(SYSTEM, import_id)
        found = await _worked_on(import_id)
    if found.state != "done":
        fail(f"{file}: {found.error or f'the import is {found.state}'}")
    await _tell(file, found)
    return not found.errors


async def _worked_on(import_id: int) -> Import:
    await import_work.work_on(import_id)
    return await import_lists.get_import(SYSTEM, import_id)


def _ask(file: Path, found: Import) -> None:
    say(f"{file}: nothing was imported, for the file leaves open:")
    for one in found.questions:
        say(
            f"  --answer {one.id}={'|'.join(one.options)}"
            + (f"  (column “{one.column}”)" if one.column else "")
        )
        for sample in one.samples:
            say(f"      {sample}")


async def _tell(file: Path, found: Import) -> None:
    print(
        f"{file}: {found.created} created, {found.updated} updated, {found.unchanged} unchanged, "
        f"{found.errors} refused"
    )
    if found.reactivated or found.left:
        print(f"{file}: of those updated {found.reactivated} are back, {found.left} have left")
    shown = await import_lists.mistakes(SYSTEM, found.id, MISTAKES_SHOWN)
    for row in shown.items:
        problem = row.problem or {}
        said = "" if row.outcome == "error" else "the rest of the row was imported: "
        say(f"  row {row.row}, {problem.get('path', '')}: {said}{problem.get('message', '')}")
    if shown.total > len(shown.items):
        say(f"  and {shown.total - len(shown.items)} more")
