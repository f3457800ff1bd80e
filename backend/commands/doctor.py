"""`muster doctor`: what is wrong, and what to do about it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from backend import database
from backend.commands.context import DataDir, run_command
from backend.demo.own_index import own_index
from backend.embedded import Servers
from backend.index import Follower, check_index
from backend.mail.settings import MailSettings
from backend.mail.smtp import Connection, Unreachable
from backend.runtime import clock
from backend.services.enrollment.reconciler import full_check
from backend.services.operations import set_aside, stored_texts
from backend.settings import Settings

OLDEST_POSTGRES = 150_000
OLDEST_REDIS = (6, 2)
# The sequencer moves rows within milliseconds; what lies longer has nobody who moves it.
OUTBOX_SECONDS = 3.0
# What is older waits for somebody who is not there; the reconciler stores its place every few seconds.
RECONCILER_SECONDS = 60
MAIL_SECONDS = 15 * 60
RUN_SECONDS = 10 * 60
# Of this machine's clock and the database's: both write instants.
CLOCK_SECONDS = 5.0
# So many of what cannot be read are named.
MOST_TOLD = 20
GIBIBYTE = 1024**3
LITTLE_DISK_BYTES = GIBIBYTE


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `advice` is empty when nothing need be done; `serious` ones fail the command."""

    about: str
    text: str
    advice: str = ""
    serious: bool = False


# Ages in seconds, null where nothing waits.
_WAITING = """
SELECT extract(epoch FROM muster_now() - (
        SELECT at FROM change_log WHERE seq = 1 + (SELECT min(position) FROM follower WHERE name LIKE 'reconciler%')
    )) AS changes,
    (SELECT extract(epoch FROM muster_now() - min(greatest(due_at, retry_at))) FROM message
        WHERE state IN ('pending', 'sending') AND greatest(due_at, retry_at) <= muster_now()) AS mail,
    (SELECT extract(epoch FROM muster_now() - min(created_at)) FROM run WHERE state = 'applying') AS run
"""

Check = Callable[[Settings, Servers], Awaitable[Finding]]


def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="Put enrollments right that differ from their audience")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Check database, Redis, mail, index and enrollments, and say what to do."""

    async def work(settings: Settings, servers: Servers) -> list[Finding]:
        return [_told(finding) async for finding in _findings(settings, servers, repair=repair)]

    findings = run_command(data_dir, work, migrated=False)
    if any(finding.serious for finding in findings):
        raise typer.Exit(1)


def _told(finding: Finding) -> Finding:
    mark = "fail" if finding.serious else "note" if finding.advice else "ok"
    print(f"{mark:<5}{finding.about}: {finding.text}", flush=True)
    if finding.advice:
        print(f"     → {finding.advice}", flush=True)
    return finding


async def _findings(settings: Settings, servers: Servers, *, repair: bool) -> AsyncIterator[Finding]:
    first: tuple[Check, ...] = (_postgres, _schema)
    for check in first:
        finding = await check(settings, servers)
        yield finding
        if finding.serious:
            # Nothing else can be asked of this database.
            return
    then: tuple[Check, ...] = (_redis, _mail, _clock, _disk, _change_log)
    for check in then:
        yield await check(settings, servers)
    for finding in await _waiting():
        yield finding
    async with own_index() as follower:
        await follower.catch_up()
        yield await _set_aside(follower)
        yield await _index(follower)
        yield await _texts(repair=repair)
        yield await _enrollments(repair=repair)


async def _postgres(_: Settings, __: Servers) -> Finding:
    version = await database.fetch_value("SHOW server_version")
    number = int(await database.fetch_value("SHOW server_version_num"))
    if number < OLDEST_POSTGRES:
        return Finding("PostgreSQL", version, "Muster needs PostgreSQL 15 or later: upgrade it", serious=True)
    return Finding("PostgreSQL", version)


async def _schema(_: Settings, __: Servers) -> Finding:
    pending = await database.pending_migrations()
    if pending:
        return Finding(
            "schema", f"{len(pending)} migrations have not run", "run `muster migrate`", serious=True
        )
    return Finding("schema", "up to date")


async def _redis(_: Settings, servers: Servers) -> Finding:
    try:
        async with Redis.from_url(servers.redis_url, socket_timeout=5) as client:
            await client.ping()
            version = str((await client.info("server"))["redis_version"])
    except (RedisError, OSError) as error:
        return Finding("Redis", str(error), "start it, or correct MUSTER_REDIS_URL", serious=True)
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        return Finding("Redis", version, "Muster needs Redis 6.2 or later: upgrade it", serious=True)
    return Finding("Redis", version)


async def _mail(settings: Settings, _: Servers) -> Finding:
    if settings.smtp_url is None:
        advice = "messages are kept in the outbox page; set MUSTER_SMTP_URL to send them"
        return Finding("mail", "no SMTP server", advice)
    server = MailSettings(settings.smtp_url).server
    assert server is not None  # noqa: S101 - there is an address
    try:
        async with Connection(server) as connection:
            await connection.probe()
    except Unreachable as error:
        return Finding("mail", str(error), "correct MUSTER_SMTP_URL, or start the server", serious=True)
    return Finding("mail", f"{server.host} takes messages")


async def _clock(_: Settings, __: Servers) -> Finding:
    if clock.offset():
        text = f"MUSTER_CLOCK is set: it is {clock.now():%Y-%m-%d %H:%M} UTC here"
        return Finding("clock", text, "unset it outside tests and demonstrations")
    ahead = (datetime.now(UTC) - await database.fetch_value("SELECT clock_timestamp()")).total_seconds()
    if abs(ahead) > CLOCK_SECONDS:
        text = f"this machine is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the database's"
        return Finding("clock", text, "let both follow a time server (NTP)", serious=True)
    timezone = await database.fetch_value("SELECT timezone FROM organisation")
    if not clock.is_zone(timezone):
        text = f"nobody knows the organisation's time zone, {timezone!r}"
        return Finding("clock", text, "choose another in the organisation's settings", serious=True)
    return Finding("clock", f"the organisation is in {timezone}, where it is {clock.today(timezone)}")


async def _disk(settings: Settings, _: Servers) -> Finding:
    disk = os.statvfs(settings.data_dir)
    free = disk.f_bavail * disk.f_frsize
    text = f"{free / GIBIBYTE:.1f} GiB free for {settings.data_dir}"
    if free < LITTLE_DISK_BYTES:
        return Finding("disk", text, "make room, or move the data directory", serious=True)
    return Finding("disk", text)


async def _change_log(_: Settings, __: Servers) -> Finding:
    deadline = asyncio.get_running_loop().time() + OUTBOX_SECONDS
    while waiting := await database.fetch_value("SELECT count(*) FROM outbox"):
        if asyncio.get_running_loop().time() > deadline:
            advice = "no sequencer is at work: start `muster serve` with at least one worker"
            return Finding("change log", f"{waiting} changes wait for their number", advice)
        await asyncio.sleep(OUTBOX_SECONDS / 50)
    position = await database.fetch_value("SELECT seq FROM log_head")
    return Finding("change log", f"at position {position}, nothing waits")


async def _waiting() -> list[Finding]:
    """What waits for longer than it would if everything were at work."""
    row = await database.fetch_row(_WAITING)
    assert row is not None  # noqa: S101 - it has no condition
    worker = "no worker is at work, or it is held up: start `muster serve` with workers, and read its log"
    looked_at = (
        ("reconciler", row["changes"], RECONCILER_SECONDS, "changes have not been looked at", worker),
        (
            "outgoing mail",
            row["mail"],
            MAIL_SECONDS,
            "messages are due",
            "see their errors in the outbox page",
        ),
        ("runs", row["run"], RUN_SECONDS, "a run is being applied", worker),
    )
    return [
        Finding(about, f"{what} for {age / 60:.0f} minutes", advice)
        if age is not None and age > limit
        else Finding(about, "nothing waits for longer than it should")
        for about, age, limit, what, advice in looked_at
    ]


async def _texts(*, repair: bool) -> Finding:
    """Addresses, external ids and values from before texts had one form."""
    odd, values = await stored_texts.odd_texts(), await stored_texts.odd_values()
    if repair:
        await stored_texts.mend(odd)
        await stored_texts.mend_values(values)
        odd = [one for one in odd if not one.mendable]
        values = [one for one in values if not one.mendable]
    if not odd and not values:
        return Finding("texts", "addresses, external ids and values are in their normal form")
    told = "; ".join(f"{one.count} values of field “{one.key}”" for one in values)
    told += "; " if odd and values else ""
    told += "; ".join(
        f"{one.table} {one.id}: {one.column} {one.stored!a}"
        + (f" is the same as that of {one.other}" if one.other is not None else "")
        for one in odd[: stored_texts.NAMED]
    )
    more = f"; and {len(odd) - stored_texts.NAMED} more" if len(odd) > stored_texts.NAMED else ""
    advice = (
        "run `muster doctor --repair` for those that nobody else has; merge or correct the others by hand"
    )
    return Finding("texts", f"{told}{more}", advice)


async def _set_aside(follower: Follower) -> Finding:
    """What is stored and cannot be read, or could not be before an upgrade."""
    rows = await set_aside.everything(follower)
    if not rows:
        return Finding("stored values", "all of them can be read")
    named = [f"{row.what} {row.id or ''}".strip() + f": {row.reason}" for row in rows[:MOST_TOLD]]
    more = len(rows) - len(named)
    told = "; ".join(named) + (f"; and {more} more" if more > 0 else "")
    unread = [row for row in rows if row.state == "set_aside"]
    if not unread:
        return Finding(
            "stored values", told, "see that nothing is missing, then empty the table emptied_value"
        )
    freezing = sum(row.rules_freeze for row in unread)
    advice = "correct them (GET /api/v1/set-aside lists all)"
    advice += "; rules that rest on them are frozen until then" if freezing else ""
    return Finding("stored values", told, advice, serious=freezing > 0)


async def _index(follower: Follower) -> Finding:
    """Every bitmap of an index that was started as any process starts it, against the tables."""
    found = await check_index(follower)
    if found:
        told = "; ".join(f"{one.slots} parts of {one.facet}, such as {one.example}" for one in found)
        advice = (
            "running processes compare and mend theirs every few hours; restart them now, and report this"
        )
        return Finding("index", f"it differed from the tables: {told}", advice, serious=True)
    counted = follower.index.totals()
    return Finding("index", ", ".join(f"{number} {what}" for what, number in counted.items()))


async def _enrollments(*, repair: bool) -> Finding:
    """Whether every dynamic method holds exactly its audience, and every enrollment is what its sources say."""
    differences = await full_check.run(repair=repair)
    if not differences:
        return Finding("enrollments", "every method holds its audience, and sources hold every enrollment")
    told = "; ".join(
        (
            f"method {one.method_id}: "
            if one.session_id is None
            else f"session {one.session_id}, by its sources: "
        )
        + (one.problem or f"{one.missing} missing, {one.surplus} too many")
        + (f", {one.unsettled} with another due date or role" if one.unsettled else "")
        + (f", {one.uncompleted} completed while results say otherwise" if one.uncompleted else "")
        for one in differences
    )
    if all(one.repaired for one in differences):
        return Finding("enrollments", f"put right: {told}")
    advice = "start a worker, which puts it right within the hour, or run `muster doctor --repair`"
    return Finding("enrollments", told, advice, serious=True)
