"""The API in the test's own process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn
from litestar import Litestar

from backend.app import create_app
from backend.runtime import clock
from backend.runtime.serving import KEEP_ALIVE_SECONDS
from backend.runtime.websocket_protocol import LiveProtocol
from backend.settings import Settings, load_settings
from tests.harness.moved_clock import clock_settings


@asynccontextmanager
async def serving_api(database_url: str, redis_url: str, directory: Path, **more: str) -> AsyncIterator[str]:
    """The API in this process, on this process's pool; its address. `more` are further settings of the environment."""
    settings = load_settings(
        data_dir=directory,
        environ={
            "MUSTER_DATABASE_URL": database_url,
            "MUSTER_REDIS_URL": redis_url,
            **clock_settings(),
            **more,
        },
        env_file=directory / ".env",
    )
    app = _application(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=None,
            lifespan="on",
            ws=LiveProtocol,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            await asyncio.sleep(0.005)
            if task.done():
                task.result()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
        _stopped.append(app)


# Applications that ran and may run again: to make one takes half a second, which thousands of tests need not spend.
_stopped: list[Litestar] = []


def _application(settings: Settings) -> Litestar:
    """One of these settings, which are new to it where it is only told them when it starts."""
    for app in _stopped:
        parts = app.state.parts
        if _lasting(parts.settings) == _lasting(settings):
            _stopped.remove(app)
            parts.settings = settings
            clock.set_offset(settings.clock_offset)
            return app
    return create_app(settings)


def _lasting(settings: Settings) -> Settings:
    """What an application is made with, and keeps."""
    return replace(settings, database_url="", redis_url="", data_dir=Path())
