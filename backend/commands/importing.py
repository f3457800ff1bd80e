"""`muster import`: sheets from the command line, through the same reading and writing as the web's."""

from pathlib import Path
from typing import Annotated

import typer

from backend.commands.context import UNUSABLE, DataDir, fail, run_command, say
from backend.embedded import Servers
from backend.schemas.imports import ImportKind
from backend.schemas.people import BulkAnswer
from backend.services.actor import SYSTEM
from backend.services.importing import CHUNK, reader_for, write_rows
from backend.settings import Settings
from backend.sheets.limits import SheetError
from backend.sheets.reading import read_sheet

# More are summed up: a wrong column would fill the screen with the same mistake.
MISTAKES_SHOWN = 20
# The first row below the header, as spreadsheets count.
FIRST_ROW = 2


def import_files(
    kind: Annotated[ImportKind, typer.Argument(help="What the rows are")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="CSV or xlsx, headers in the first row")
    ],
    data_dir: DataDir = None,
) -> None:
    """Import learners, groups, memberships, results or enrollments. Good rows are kept, bad ones reported."""
    contents: list[tuple[Path, bytes]] = []
    for file in files:
        try:
            contents.append((file, file.read_bytes()))
        except OSError as error:
            fail(f"{file} cannot be read: {error.strerror or error}", UNUSABLE)

    async def work(_: Settings, __: Servers) -> bool:
        return all([await _import(kind, file, content) for file, content in contents])

    if not run_command(data_dir, work):
        raise typer.Exit(1)


async def _import(kind: ImportKind, file: Path, content: bytes) -> bool:
    try:
        header, *rows = await read_sheet(content) or [[]]
    except SheetError as error:
        fail(f"{file}: {error}")
    reader = await reader_for(kind, header)
    total = BulkAnswer(errors=[])
    for start in range(0, len(rows), CHUNK):
        answer = await write_rows(SYSTEM, kind, [reader.read(row) for row in rows[start : start + CHUNK]])
        total.created += answer.created
        total.updated += answer.updated
        total.unchanged += answer.unchanged
        for mistake in answer.errors:
            mistake.row += start
            total.errors.append(mistake)
        if start + CHUNK < len(rows):
            say(f"→ {file.name}: {start + CHUNK} of {len(rows)} rows")
    print(
        f"{file}: {total.created} created, {total.updated} updated, {total.unchanged} unchanged, "
        f"{len(total.errors)} refused"
    )
    for mistake in total.errors[:MISTAKES_SHOWN]:
        say(f"  row {mistake.row + FIRST_ROW}, {mistake.path}: {mistake.message}")
    if len(total.errors) > MISTAKES_SHOWN:
        say(f"  and {len(total.errors) - MISTAKES_SHOWN} more")
    return not total.errors
