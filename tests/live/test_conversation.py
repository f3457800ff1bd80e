"""Who may open a socket, and what it answers to frames good and bad."""

import json

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.harness.instance import Muster
from tests.live.client import live_socket


async def closed_with(url: str, **headers: str) -> int:
    """The code a socket is closed with before anything else happens."""
    async with connect(url, additional_headers=headers) as connection:
        with pytest.raises(ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_strangers_are_closed_with_4401(muster: Muster) -> None:
    assert await closed_with(muster.live_url) == 4401
    assert await closed_with(muster.live_url, Authorization="Bearer nobody") == 4401


async def test_a_token_in_the_address_is_not_taken(muster: Muster, token: str) -> None:
    assert await closed_with(f"{muster.live_url}?token={token}") == 4401


async def test_other_sites_are_closed_with_4403(muster: Muster, token: str) -> None:
    headers = {"Origin": "https://evil.example", "Authorization": f"Bearer {token}"}
    assert await closed_with(muster.live_url, **headers) == 4403


async def test_the_cookie_and_our_own_origin_are_enough(muster: Muster, http: httpx.Client) -> None:
    cookie = f"muster_session={http.cookies['muster_session']}"
    async with live_socket(muster.live_url, Cookie=cookie, Origin=muster.address) as socket:
        await socket.send("ping")
        assert (await socket.next()) == {"type": "pong"}


@pytest.mark.parametrize(
    ("text", "status", "path"),
    [
        ("nonsense", 400, None),
        ("[" * 100_000, 400, None),
        ('{"type":"dance"}', 422, "type"),
        ('{"type":"watch","id":"a"}', 422, "topic"),
        ('{"type":"watch","id":"a","topic":"weather:1"}', 422, "topic"),
        ('{"type":"watch","id":"a","topic":"session:7","x":1}', 422, "x"),
        ('{"type":"ping","type":"ping"}', 400, None),
        ('{"type":"watch","id":"a","topic":"session:4711"}', 404, None),
        ('{"type":"watch","id":"a","topic":"session:99999999999999"}', 404, None),
        (
            '{"type":"preview","id":"a","rule":{"blocks":[{"groups":[4711]}]}}',
            422,
            "rule.blocks[0].groups[0]",
        ),
        ('{"type":"preview","id":"a","rule":{"blocks":[{"groups":[]}]}}', 422, "rule.blocks[0].groups"),
        ('{"type":"preview","id":"a","rule":{"include":["\\u0000"]}}', 422, None),
        ('{"type":"preview","id":"a","rule":{},"at":"2001-01-01"}', 422, "at"),
    ],
)
async def test_a_bad_frame_is_answered_and_harms_nothing_else(
    muster: Muster, token: str, text: str, status: int, path: str | None
) -> None:
    async with live_socket(muster.live_url, token) as socket:
        await socket.connection.send(text)
        answer = await socket.next()
        assert answer["type"] == "error"
        assert answer["problem"]["status"] == status
        assert answer["id"] == ("a" if '"id":"a"' in text else None)
        if path is not None:
            assert path in [mistake["path"] for mistake in answer["problem"]["errors"]]
        await socket.settled()


async def test_too_many_subscriptions_are_refused(muster: Muster, token: str) -> None:
    async with live_socket(muster.live_url, token) as socket:
        for i in range(101):
            await socket.send("watch", id=str(i), topic="me")
        answer = await socket.until(lambda frame: frame["type"] == "error")
        assert (answer["id"], answer["problem"]["status"]) == ("100", 403)
        await socket.send("unwatch", id="0")
        await socket.send("watch", id="again", topic="me")
        await socket.until(lambda frame: frame.get("id") == "again" and frame["type"] == "state")


async def test_too_many_sockets_of_one_person_are_closed_with_4429(
    muster: Muster, http: httpx.Client, token: str
) -> None:
    cookie = f"muster_session={http.cookies['muster_session']}"
    sockets = [await connect(muster.live_url, additional_headers={"Cookie": cookie}) for _ in range(50)]
    try:
        for socket in sockets:
            await socket.send(json.dumps({"type": "ping"}))
            await socket.recv()
        assert await closed_with(muster.live_url, Cookie=cookie) == 4429
        # A program of an admin speaks for many.
        async with live_socket(muster.live_url, token) as program:
            await program.settled()
    finally:
        for socket in sockets:
            await socket.close()
