"""`GET /live`: the socket. Decode, subscribe, and keep receiving; the hub does the rest."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect

from backend.controllers.access.authentication import actor_of, origin_allowed
from backend.controllers.http import route_rights as rights
from backend.controllers.http.decoding import decode
from backend.controllers.http.problems import to_muster_error
from backend.index import IndexBehind
from backend.live.connection import Connection
from backend.live.hub import Hub
from backend.live.send_queue import SendQueue
from backend.live.topics import Subject
from backend.runtime.websocket_protocol import text_frame, wire_of
from backend.schemas.live.frames import (
    CLOSE_FORBIDDEN,
    CLOSE_GOING_AWAY,
    CLOSE_NOT_SIGNED_IN,
    CLOSE_TOO_MANY,
    ClientFrame,
    ErrorFrame,
    PingFrame,
    PongFrame,
    PreviewFrame,
    UnwatchFrame,
    WatchFrame,
    encode,
)
from backend.services.access.actor import READ, Actor
from backend.services.audiences.index_access import current_index
from backend.services.audiences.reason_reader import ReasonReader, reader_of
from backend.services.errors import Forbidden, Invalid, MusterError, NotFound, Unavailable
from backend.services.live.progress_topics import problem_of
from backend.services.live.topic_access import preview_subject, rests_on_index, topic_subject
from backend.words import Message

# An editor follows a handful; a wall of boards some dozens.
SUBSCRIPTIONS_MOST = 100
# Tabs and devices of one person on one process.
SOCKETS_MOST = 50
# A platform admin's token is a program: a gateway or a wall of boards may speak for a whole site.
PROGRAM_SOCKETS_MOST = 10_000
# How long the first subscription waits for an index that is still loading.
LOADING_SECONDS = 30.0

PONG = text_frame(encode(PongFrame()).decode())

_log = structlog.get_logger("muster.live")
Open = Callable[[Actor], Awaitable[Subject]]
Socket = WebSocket[Any, Any, Any]


@websocket("/live", opt=rights.signed_in())
async def live(socket: Socket, hub: NamedDependency[Hub]) -> None:
    """Accept, see who it is, and serve until either side leaves."""
    await socket.accept()
    if not origin_allowed(socket):
        await socket.close(CLOSE_FORBIDDEN, "wrong origin")
        return
    async with hub.asking:
        actor = await actor_of(socket)
        reader = None if actor is None else await reader_of(actor)
    if actor is None or reader is None:
        await socket.close(CLOSE_NOT_SIGNED_IN, "not signed in")
        return
    if not actor.allows(READ):
        await socket.close(CLOSE_FORBIDDEN, "the token does not cover reading")
        return
    most = PROGRAM_SOCKETS_MOST if actor.is_admin and actor.via == "token" else SOCKETS_MOST
    if len(hub.connections.get(actor.id, ())) >= most:
        await socket.close(CLOSE_TOO_MANY, "too many sockets")
        return
    await Conversation(socket, hub, actor, reader).hold()


class Conversation:
    """One socket from the first frame to the last."""

    def __init__(self, socket: Socket, hub: Hub, actor: Actor, reader: ReasonReader) -> None:
        self.socket = socket
        self.hub = hub
        self.actor = actor
        self.send_queue = SendQueue(wire_of(socket.scope))
        self.connection = Connection(
            actor.id, self.send_queue, self._recheck_soon, reader, is_admin=actor.is_admin
        )
        # How each subscription is opened again when rights may have changed.
        self.opens: dict[str, Open] = {}
        # Only while rights are looked at again: an idle socket has no task but the one that receives.
        self._rechecking: asyncio.Task[None] | None = None
        self._recheck_again = False

    async def hold(self) -> None:
        """Receive until either side leaves."""
        self.hub.add_connection(self.connection)
        try:
            with contextlib.suppress(WebSocketDisconnect):
                # A larger frame than a rule at its limits never gets here: uvicorn closes with 1009.
                while (message := await self.socket.receive())["type"] == "websocket.receive":
                    await self._take(message.get("text") or message.get("bytes") or b"")
        finally:
            self.hub.remove_connection(self.connection)
            self.send_queue.release()
            if self._rechecking is not None:
                self._rechecking.cancel()

    # ── frames ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _take(self, text: str | bytes) -> None:
        body = text.encode() if isinstance(text, str) else text
        id_ = None
        try:
            id_ = _id_in(body)
            await self._follow(await decode(body, ClientFrame))  # type: ignore[arg-type]  # a union is a type here
        except Exception as error:  # noqa: BLE001 - every failure is answered, and ends nothing but its frame
            self._say(id_, to_muster_error(_understood(error)))

    async def _follow(self, frame: ClientFrame) -> None:
        match frame:
            case PingFrame():
                self.send_queue.put_latest("pong", PONG)
            case UnwatchFrame():
                self.opens.pop(frame.id, None)
                self.hub.unwatch(self.connection, frame.id)
            case PreviewFrame():
                await self._subscribe(frame.id, lambda actor: self._preview(actor, frame))
            case WatchFrame():
                await self._subscribe(
                    frame.id,
                    lambda actor: self._fresh_topic(actor, frame),
                    again=lambda actor: self._topic(actor, frame),
                )

    async def _preview(self, actor: Actor, frame: PreviewFrame) -> Subject:
        try:
            return await preview_subject(actor, self.hub.follower.index, frame)
        except Invalid:
            # What the rule names may have been made a moment ago.
            return await preview_subject(actor, await current_index(self.hub.follower), frame)

    async def _topic(self, actor: Actor, frame: WatchFrame) -> Subject:
        async with self.hub.asking:
            return await topic_subject(
                actor, self.hub.follower.index, frame.topic, self.hub.editors, editing=frame.editing
            )

    async def _fresh_topic(self, actor: Actor, frame: WatchFrame) -> Subject:
        if rests_on_index(frame.topic):
            await self.hub.catch_up()
        return await self._topic(actor, frame)

    async def _subscribe(self, id_: str, open_: Open, again: Open | None = None) -> None:
        if id_ not in self.opens and len(self.opens) >= SUBSCRIPTIONS_MOST:
            raise Forbidden(
                Message(
                    "A socket follows at most {most} things.",
                    most=SUBSCRIPTIONS_MOST,
                )
            )
        if not self.hub.follower.loaded.is_set():
            await asyncio.wait_for(self.hub.follower.loaded.wait(), LOADING_SECONDS)
        try:
            subject = await self._opened(open_)
        except BaseException:
            # What was followed under this id before is not what was asked for now.
            self.opens.pop(id_, None)
            self.hub.unwatch(self.connection, id_)
            raise
        self.opens[id_] = again or open_
        self.hub.watch(self.connection, id_, subject)

    async def _opened(self, open_: Open) -> Subject:
        try:
            return await open_(self.actor)
        except (Forbidden, NotFound):
            # What the actor remembers of their rights may be older than a right given a moment ago.
            self.actor = await actor_of(self.socket) or self.actor
            self.connection.reader = await reader_of(self.actor)
            return await open_(self.actor)

    def _say(self, id_: str | None, error: MusterError) -> None:
        self.send_queue.put(
            text_frame(
                encode(ErrorFrame(id=id_, problem=problem_of(error).render(self.actor.reads))).decode()
            )
        )

    # ── rights ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _recheck_soon(self) -> None:
        self._recheck_again = True
        if self._rechecking is None:
            self._rechecking = asyncio.create_task(self._recheck(), name="live recheck")

    async def _recheck(self) -> None:
        try:
            while self._recheck_again:
                self._recheck_again = False
                async with self.hub.asking:
                    actor = await actor_of(self.socket)
                    reader = None if actor is None else await reader_of(actor)
                if actor is None or reader is None:
                    self.send_queue.close(CLOSE_NOT_SIGNED_IN, "not signed in")
                    return
                self.actor = actor
                self.connection.is_admin, self.connection.reader = actor.is_admin, reader
                for id_, open_ in list(self.opens.items()):
                    await self._reopen(id_, open_)
        except Exception:  # noqa: BLE001 - whatever it was, rights that cannot be looked at again are not to be relied on
            _log.exception("rights could not be looked at again")
            self.send_queue.close(CLOSE_GOING_AWAY, "going away")
        finally:
            self._rechecking = None

    async def _reopen(self, id_: str, open_: Open) -> None:
        if id_ not in self.connection.subscriptions:
            # What it was about is gone, and was said to be.
            self.opens.pop(id_, None)
            return
        try:
            subject = await open_(self.actor)
        except (Forbidden, NotFound) as error:
            self.opens.pop(id_, None)
            self.hub.unwatch(self.connection, id_)
            self._say(id_, error)
        except MusterError:
            # A rule that no longer resolves says so itself when it is next counted.
            return
        else:
            if self.opens.get(id_) is open_:
                self.hub.watch(self.connection, id_, subject, asked=False)


class _Named(msgspec.Struct):
    id: str | None = None


def _id_in(body: bytes) -> str | None:
    """The id of a frame that may not be understood otherwise, so that the answer finds its sender."""
    try:
        return msgspec.json.decode(body, type=_Named).id
    except (msgspec.DecodeError, RecursionError):
        return None


def _understood(error: Exception) -> Exception:
    if isinstance(error, IndexBehind | TimeoutError):
        return Unavailable(Message("Muster is catching up with recent changes; try again in a moment."))
    return error
