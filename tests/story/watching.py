"""A person's live socket, as a test reads it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

# A committed change is on every screen within a second at full load; a test machine runs more than one thing.
WITHIN_SECONDS = 10

Frame = dict[str, Any]


class Watching:
    """Keeps every frame; `until` reads on until one satisfies a condition."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames: list[Frame] = []

    def send(self, frame: Frame) -> None:
        """Say something to the server."""
        self.connection.send(json.dumps(frame))

    def until(self, condition: Callable[[Frame], bool], within: float = WITHIN_SECONDS) -> Frame:
        """The next frame that satisfies `condition`; fails with what came instead."""
        deadline = time.monotonic() + within
        came: list[Frame] = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                frame: Frame = json.loads(self.connection.recv(timeout=left))
            except TimeoutError:
                break
            came.append(frame)
            self.frames.append(frame)
            if condition(frame):
                return frame
        raise AssertionError(f"no such frame within {within} s; came: {came}")

    def state(self, id_: str, **wanted: object) -> Frame:
        """The next state of subscription `id_` whose data has these values."""
        return self.until(
            lambda frame: (
                frame.get("type") == "state"
                and frame.get("id") == id_
                and all(frame["data"].get(key) == value for key, value in wanted.items())
            )
        )

    def entered(self, first_name: str) -> Frame:
        """The next event that tells that this person was enrolled."""
        return self.until(
            lambda frame: (
                frame["type"] == "event"
                and frame["event"] == "entered"
                and frame["data"]["learner"]["first_name"] == first_name
            )
        )

    def counts(self, id_: str, total: int) -> Frame:
        """The next counts of preview `id_` with this total."""
        return self.until(
            lambda frame: (
                frame.get("type") == "counts" and frame.get("id") == id_ and frame.get("total") == total
            )
        )


@contextmanager
def watching(live_url: str, client: httpx.Client) -> Iterator[Watching]:
    """The live socket of whoever `client` is signed in as."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    origin = live_url.replace("ws", "http", 1).removesuffix("/api/v1/live")
    with connect(live_url, additional_headers={"Cookie": cookies, "Origin": origin}) as connection:
        yield Watching(connection)
