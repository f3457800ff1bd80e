"""Does this process run, and is it ready."""

from importlib.metadata import version

from litestar import Response, get
from msgspec import UNSET, UnsetType

from backend import database
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import CurrentFollower
from backend.index import Follower, IndexBehind
from backend.runtime import readiness
from backend.schemas.base import Output
from backend.services.operations.database_metrics import DATABASE_AWAY

PREFIX = ""
TAGS = ["Operating"]
# How long the index may take to catch up with what is committed before the answer is that it is behind. A question waits
# twice as long for it, so while this says `ok` counts are answered.
CAUGHT_UP_SECONDS = 1.0

# Where the log will stand once everything committed by now has its number; numbers that were never used are counted too.
_HEAD = """
    SELECT seq + coalesce((SELECT max(id) - min(id) + 1 FROM outbox), 0) FROM log_head"""


class Alive(Output):
    """`status` is always `alive`."""

    status: str


class Health(Output):
    """`ok`; `catching_up` while the index is read or behind the log; `database`, `migrations` where these are awaited; `stopping`.

    `position` is the place in the change log that is reached here, `head` its end; `loaded` says whether the index was read at all.
    """

    status: str
    version: str
    position: int
    head: int | UnsetType = UNSET
    loaded: bool | UnsetType = UNSET


@get("/api/alive", operation_id="alive", opt=rights.public(), tags=TAGS)
async def alive() -> Alive:
    """200 while the process runs, whatever it waits for: restart what does not answer here."""
    return Alive(status="alive")


@get("/api/health", operation_id="health", opt=rights.public(), tags=TAGS)
async def health(follower: CurrentFollower) -> Response[Health]:
    """200 while counts are answered, 503 before, whenever the index is behind, and while the process ends."""
    status, head = await _awaited(follower)
    answer = Health(status=status, version=version("muster"), position=follower.position, head=head)
    if status == "catching_up":
        answer.loaded = follower.loaded.is_set()
    return Response(answer, status_code=200 if status == "ok" else 503)


async def _awaited(follower: Follower) -> tuple[str, int | UnsetType]:
    if readiness.patience() is not None:
        return "stopping", UNSET
    try:
        # Looked for only until the index stands on the migrated schema.
        if not follower.loaded.is_set() and await database.pending_migrations():
            return "migrations", UNSET
        try:
            if follower.loaded.is_set():
                await follower.catch_up(CAUGHT_UP_SECONDS)
                return "ok", UNSET
        except IndexBehind:
            pass
        return "catching_up", await database.fetch_value(_HEAD)
    except DATABASE_AWAY:
        return "database", UNSET
