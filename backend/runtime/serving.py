"""One API process: uvicorn on a socket of our own.

`python -m backend.runtime.serving --host 127.0.0.1 --port 8000`, or `serve` with a socket that a supervisor has opened.
"""

import argparse
import contextlib
import resource
import socket

import uvicorn

from backend.runtime import loop
from backend.runtime.draining import HttpProtocol, Server
from backend.runtime.websocket_protocol import LiveProtocol

BACKLOG = 2048
# A peer that acknowledges nothing for this long is gone; the kernel would wait a quarter of an hour.
USER_TIMEOUT_MS = 20_000
# Small, so that a stalled reader holds little memory and is noticed early.
SEND_BUFFER_BYTES = 64 * 1024
# A rule at its limits (5,000 groups, 20,000 people) is about 200 KB.
MESSAGE_BYTES = 1024 * 1024
GRACEFUL_SECONDS = 5
# Longer than proxies and clients keep idle connections (nginx and AWS 60 s, httpx 5 s): whoever closes first must be
# the one who asks, or a request meets a connection that is just being closed.
KEEP_ALIVE_SECONDS = 75
PING_SECONDS = 20.0
# A reader who reads nothing at all is closed with 4408 within these two together.
PONG_SECONDS = 10.0


def listening_socket(host: str, port: int) -> socket.socket:
    """A listening socket whose options the accepted ones inherit. Raises `OSError` when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.set_inheritable(True)
    except OSError:
        listener.close()
        raise
    return listener


def server() -> Server:
    """Uvicorn with the settings that sockets and stalled readers need."""
    return Server(
        uvicorn.Config(
            "backend.app:create_app",
            factory=True,
            http=HttpProtocol,
            ws=LiveProtocol,
            ws_max_size=MESSAGE_BYTES,
            # Deflate costs 100 KB and more a socket, and frames are small.
            ws_per_message_deflate=False,
            ws_ping_interval=PING_SECONDS,
            ws_ping_timeout=PONG_SECONDS,
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            # The application knows whose to believe.
            proxy_headers=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )


def allow_many_files() -> None:
    """As many open files as this user may have: each socket is one, and shells usually allow 1,024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        # "Unlimited" is not taken everywhere; then it stays as it was.
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def serve(listener: socket.socket) -> None:
    """Serve the application on `listener` until SIGTERM or SIGINT, or until a successor has taken over (SIGHUP)."""
    await server().serve(sockets=[listener])


def main() -> None:
    """Serve on an address of one's own or on an inherited socket."""
    parser = argparse.ArgumentParser(prog="python -m backend.runtime.serving", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fd", type=int, help="a listening socket inherited from the supervisor")
    options = parser.parse_args()
    allow_many_files()
    if options.fd is not None:
        listener = socket.socket(fileno=options.fd)
    else:
        listener = listening_socket(options.host, options.port)
    with listener:
        loop.run(serve(listener))


if __name__ == "__main__":
    main()
