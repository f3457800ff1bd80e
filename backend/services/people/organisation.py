"""The organisation: its name, time zone and language."""

from typing import Any

from backend import tables
from backend.database import fetch_value, row_by_id, transaction
from backend.runtime import clock
from backend.schemas.access import Organisation, OrganisationChange, OrganisationFuse, OrganisationFuseInput
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.errors import Invalid
from backend.services.people import statements
from backend.services.people.languages import language_mistake
from backend.words import Message


async def organisation() -> Organisation:
    """The one organisation there is."""
    row = await row_by_id(tables.Organisation, 1)
    if row is None:
        raise RuntimeError("the organisation's row is missing: run `muster migrate`")
    plain = {name: row[name] for name in Organisation.__struct_fields__ if name != "fuse"}
    return Organisation(**plain, fuse=OrganisationFuse(most=row["fuse_most"], entering=row["fuse_entering"]))


async def _is_zone(name: str) -> bool:
    """Whether this process and the database both know the time zone."""
    return clock.is_zone(name) and await fetch_value(statements.KNOWN_ZONE, name) == name


async def change_organisation(actor: Actor, change: OrganisationChange) -> Organisation:
    """Change what is given. Raises `Invalid` for an unknown time zone."""
    require_admin(actor)
    values = {name: getattr(change, name) for name in change.__struct_fields__}
    given: dict[str, Any] = {name: value for name, value in values.items() if isinstance(value, str | bool)}
    if "timezone" in given and not await _is_zone(str(given["timezone"])):
        raise Invalid.at("timezone", "timezone", Message("There is no such time zone."))
    if "language" in given and (mistake := language_mistake(str(given["language"]))):
        raise Invalid.about([mistake])
    if isinstance(change.fuse, OrganisationFuseInput):
        for name in OrganisationFuseInput.__struct_fields__:
            if isinstance(bound := getattr(change.fuse, name), int):
                given[f"fuse_{name}"] = bound
    async with transaction():
        if given:
            await tables.Organisation.update(**given).where(tables.Organisation.id == 1)
        await audit.record(actor, "organisation.change", "organisation", 1, **given)
        return await organisation()
