"""The organisation: its name, time zone and language."""

from zoneinfo import ZoneInfoNotFoundError

from asyncpg import Record

from backend import clock
from backend.database import execute, fetch_row, transaction
from backend.schemas.access import Organisation, OrganisationChange, OrganisationFuse, OrganisationFuseInput
from backend.services import audit
from backend.services.actor import Actor
from backend.services.errors import Invalid
from backend.services.languages import check_language
from backend.services.rights import require_admin


async def organisation() -> Organisation:
    """The one organisation there is."""
    row = await fetch_row(
        "SELECT name, timezone, language, managers_enroll, fuse_most, fuse_entering FROM organisation"
    )
    return _wire(row)


def _wire(row: Record | None) -> Organisation:
    if row is None:
        raise RuntimeError("the organisation's row is missing: run `muster migrate`")
    plain = {name: value for name, value in row.items() if not name.startswith("fuse_")}
    return Organisation(**plain, fuse=OrganisationFuse(most=row["fuse_most"], entering=row["fuse_entering"]))


async def change_organisation(actor: Actor, change: OrganisationChange) -> Organisation:
    """Change what is given. Raises `Invalid` for an unknown time zone."""
    require_admin(actor)
    values = {name: getattr(change, name) for name in change.__struct_fields__}
    given: dict[str, str | bool | int] = {
        name: value for name, value in values.items() if isinstance(value, str | bool)
    }
    if "timezone" in given:
        try:
            clock.zone(str(given["timezone"]))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Invalid.at("timezone", "timezone", "There is no such time zone.") from None
    if "language" in given:
        check_language(str(given["language"]), "language")
    if isinstance(change.fuse, OrganisationFuseInput):
        for name in OrganisationFuseInput.__struct_fields__:
            if isinstance(bound := getattr(change.fuse, name), int):
                given[f"fuse_{name}"] = bound
    async with transaction():
        for name, value in given.items():
            await execute(f"UPDATE organisation SET {name} = $1", value)
        await audit.record(actor, "organisation.change", "organisation", 1, **given)
        return await organisation()
