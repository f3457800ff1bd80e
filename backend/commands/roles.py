"""What `muster serve` runs, and where it is reached."""

import http.client
import json
import signal
import socket
from dataclasses import dataclass

from backend.runtime.draining import HAND_OVER_SECONDS
from backend.runtime.supervisor import STOP_SECONDS, Child

HEALTH_TIMEOUT_SECONDS = 5
# A worker leaves a checkpoint of the index, and what its jobs are about ends meanwhile.
WORKER_STOP_SECONDS = 12.0
# The sequencer has at most one statement to end.
SEQUENCER_STOP_SECONDS = 2.0


@dataclass(frozen=True)
class Roles:
    """How many processes of each role this supervisor runs."""

    api: int
    workers: int
    demo: bool

    def __str__(self) -> str:
        named = [("API process", "API processes", self.api), ("worker", "workers", self.workers)]
        return " and ".join(f"{n} {one if n == 1 else many}" for one, many, n in named if n)

    def children(self, listener: socket.socket | None) -> list[Child]:
        """Workers, and API processes on `listener`."""
        children = [
            Child(
                f"worker {number}",
                ["-m", "backend.workers"],
                patience=WORKER_STOP_SECONDS,
                hand_over_patience=WORKER_STOP_SECONDS,
            )
            for number in range(1, self.workers + 1)
        ]
        if listener is not None:
            arguments = ["-m", "backend.runtime.serving", "--fd", str(listener.fileno())]
            children += [
                Child(
                    f"api {number}",
                    arguments,
                    [listener],
                    hand_over=signal.SIGHUP,
                    # Beyond what it gives to open requests.
                    hand_over_patience=HAND_OVER_SECONDS + STOP_SECONDS,
                )
                for number in range(1, self.api + 1)
            ]
        return children


def sequencer() -> Child:
    """The process that numbers changes; started before the others, so that they find their log moving."""
    return Child("sequencer", ["-m", "backend.workers.sequencer"], patience=SEQUENCER_STOP_SECONDS)


def address_of(listener: socket.socket | None) -> str:
    """Where people of this machine reach it."""
    if listener is None:
        return ""
    host, port = listener.getsockname()[:2]
    # What listens everywhere is reached here by the loopback address.
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared with, not bound
    return f"http://{host}:{port}"


def healthy(address: str, *, workers: int) -> bool:
    """Whether counts are answered there; where no worker is started along with it, whether they will be once there is one."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=HEALTH_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/api/health")
        answer = connection.getresponse()
        if answer.status == http.HTTPStatus.OK or workers:
            return answer.status == http.HTTPStatus.OK
        return json.loads(answer.read()).get("loaded") is True
    except (OSError, http.client.HTTPException, ValueError, AttributeError):
        return False
    finally:
        connection.close()
