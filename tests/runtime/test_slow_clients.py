"""Clients that begin a request and do not go on are given up; slow ones that go on are not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn

from backend.runtime import http_protocol, readiness
from backend.runtime.draining import HttpProtocol, Server
from backend.runtime.serving import listening_socket

SILENCE = 0.3
HEAD = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"


async def echo(scope: dict[str, object], receive: object, send: object) -> None:
    """Answers with the number of bytes it was sent, or notes that the client went away."""
    assert scope["type"] == "http"
    body = b""
    while (message := await receive())["type"] == "http.request":  # type: ignore[operator]
        body += message["body"]
        if not message["more_body"]:
            break
    content = str(len(body)).encode()
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": content})  # type: ignore[operator]


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Where the product's own server and protocol answer, with less patience than they have."""
    monkeypatch.setattr(http_protocol, "SILENCE_SECONDS", SILENCE)
    monkeypatch.setattr(http_protocol, "AGAIN_SECONDS", SILENCE / 10)
    # The server's end is that of its process, which here goes on with other tests.
    monkeypatch.setattr(readiness, "_patience", None)
    with listening_socket("127.0.0.1", 0) as listener:
        config = uvicorn.Config(echo, http=HttpProtocol, ws="none", lifespan="off", log_config=None)
        server = Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


async def sent(port: int, *pieces: bytes, every: float = 0.0) -> bytes:
    """What the server says to these pieces until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every)
        return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    "pieces", [(b"GET /x HTT",), (b"GET /x HTTP/1.1\r\nHost: x\r\n",), (HEAD,), (HEAD, b"12345")]
)
async def test_half_a_request_is_given_up(port: int, pieces: tuple[bytes, ...]) -> None:
    async with asyncio.timeout(20 * SILENCE):
        assert (await sent(port, *pieces)).startswith(b"HTTP/1.1 408 ")


async def test_a_connection_without_a_request_is_closed(port: int) -> None:
    async with asyncio.timeout(20 * SILENCE):
        assert await sent(port) == b""


async def test_whoever_is_slow_but_goes_on_is_answered(port: int) -> None:
    """It takes three times as long as the patience with silence."""
    pieces = [HEAD[i : i + 12] for i in range(0, len(HEAD), 12)] + [b"x"] * 10
    answer = await sent(port, b"", *pieces, every=SILENCE / 5)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"10")
