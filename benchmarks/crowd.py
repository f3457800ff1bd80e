"""Thousands of watchers, in a process of their own: reading costs the measured one nothing but its share of the machine.

`python -m benchmarks.crowd` reads one JSON command a line and answers each with a line.

Each watcher is a bare socket that speaks just enough of the protocol: it upgrades, sends one `watch` frame, answers
pings and looks for marks in what arrives. A library's client would cost more than the server that is measured.
"""

import json
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any, Self

# How many handshakes are under way at once: as many as a page that everybody opens at the hour.
OPENING_AT_ONCE = 200
PATIENCE_SECONDS = 120.0
READ_BYTES = 65_536
PING, PONG = 0x89, 0x8A


@dataclass(eq=False)
class Watcher:
    """One socket and what it is waiting for."""

    socket: socket.socket
    first: bytes
    # What came and is not yet a whole frame; before the upgrade, the head of the answer.
    rest: bytes = b""
    upgraded: bool = False
    watching: bool = False
    missing: set[bytes] = field(default_factory=set)
    # When the last of the marks arrived, by the system's monotonic clock.
    served: float = 0.0


def masked(opcode: int, payload: bytes) -> bytes:
    """A frame of a client; the mask is zero, which changes nothing in the payload."""
    length = len(payload)
    head = (
        struct.pack("!BB", opcode, 0x80 | length)
        if length < 126
        else struct.pack("!BBH", opcode, 0xFE, length)
    )
    return head + bytes(4) + payload


class Watchers:
    """All of them, on one selector."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.all: list[Watcher] = []
        self.waiting = 0

    def open(self, host: str, port: int, tokens: list[str], topic: str) -> float:
        """Connect and watch with each token; how many seconds it took until the last had its first state."""
        started = time.monotonic()
        watch = masked(0x81, json.dumps({"type": "watch", "id": "s", "topic": topic}).encode())
        upgrade = (
            "GET /api/v1/live HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
            "Authorization: Bearer {token}\r\n\r\n"
        )
        self.waiting = 0
        for token in tokens:
            while self.waiting >= OPENING_AT_ONCE:
                self.turn()
            connection = socket.create_connection((host, port))
            connection.sendall(upgrade.format(host=host, port=port, token=token).encode())
            connection.setblocking(False)
            watcher = Watcher(connection, watch)
            self.all.append(watcher)
            self.selector.register(connection, selectors.EVENT_READ, watcher)
            self.waiting += 1
        self.until_served()
        return time.monotonic() - started

    def expect(self, marks: list[str]) -> None:
        """From now on every watcher waits for a frame with each of the marks."""
        for watcher in self.all:
            watcher.missing = {mark.encode() for mark in marks}
        self.waiting = len(self.all)

    def until_served(self) -> None:
        """Read until nobody waits."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.waiting:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.waiting} watchers were not served")
            self.turn()

    def turn(self, timeout: float = 1.0) -> None:
        """Read once from all who have something."""
        for key, _ in self.selector.select(timeout):
            self._read(key.data)

    def _read(self, watcher: Watcher) -> None:
        try:
            data = watcher.socket.recv(READ_BYTES)
        except BlockingIOError:
            # Read already, by the command that came in the same turn.
            return
        now = time.monotonic()
        if not data:
            raise ConnectionError("the server closed a watcher's connection")
        rest = watcher.rest + data
        if not watcher.upgraded:
            head, end, tail = rest.partition(b"\r\n\r\n")
            if not end:
                watcher.rest = rest
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                raise ConnectionError(head.decode())
            watcher.upgraded = True
            watcher.socket.sendall(watcher.first)
            rest = tail
        watcher.rest = self._frames(watcher, rest, now)

    def _frames(self, watcher: Watcher, data: bytes, now: float) -> bytes:
        """Take the whole frames of `data`; what is left of it."""
        while len(data) >= 2:
            start, length = 2, data[1]
            if length == 126:
                start, length = 4, int.from_bytes(data[2:4], "big")
            elif length == 127:
                start, length = 10, int.from_bytes(data[2:10], "big")
            if len(data) < start + length:
                break
            self._frame(watcher, data[0], data[start : start + length], now)
            data = data[start + length :]
        return data

    def _frame(self, watcher: Watcher, opcode: int, payload: bytes, now: float) -> None:
        if opcode == PING:
            watcher.socket.sendall(masked(PONG, payload))
        elif opcode != 0x81:
            raise ConnectionError(f"unexpected frame {opcode:#x}: {payload!r}")
        elif not watcher.watching:
            if b'"type":"state"' not in payload:
                raise ConnectionError(payload.decode())
            watcher.watching = True
            self.waiting -= 1
        elif watcher.missing:
            watcher.missing = {mark for mark in watcher.missing if mark not in payload}
            if not watcher.missing:
                watcher.served = now
                self.waiting -= 1


def main() -> None:
    """Obey the commands until there are no more; between them keep reading."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    watchers = Watchers()
    watchers.selector.register(sys.stdin, selectors.EVENT_READ)
    for answer in _answers(watchers):
        print(json.dumps(answer), flush=True)


def _answers(watchers: Watchers) -> Any:
    # Unbuffered: the selector would not see what a buffer holds.
    commands = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - closed with the process
    while True:
        for key, _ in watchers.selector.select():
            if key.data is not None:
                watchers._read(key.data)  # noqa: SLF001 - of this module
                continue
            line = commands.readline()
            if not line:
                return
            command = json.loads(line)
            watchers.selector.unregister(sys.stdin)
            if command["do"] == "open":
                yield watchers.open(command["host"], command["port"], command["tokens"], command["topic"])
            elif command["do"] == "expect":
                watchers.expect(command["marks"])
                yield True
            else:
                watchers.until_served()
                yield [watcher.served for watcher in watchers.all]
            watchers.selector.register(sys.stdin, selectors.EVENT_READ)


class Crowd:
    """The other end: starts that process and asks it."""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.crowd"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, do: str, **fields: Any) -> Any:
        """One command and its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **fields}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the crowd died; what it said is above")
        return json.loads(line)


if __name__ == "__main__":
    main()
