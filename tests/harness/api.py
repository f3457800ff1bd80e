"""The API in the test's own process."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn

from backend.app import create_app
from backend.live.protocol import LiveProtocol
from backend.settings import load_settings


@asynccontextmanager
async def serving_api(database_url: str, redis_url: str, directory: Path, **more: str) -> AsyncIterator[str]:
    """The API in this process, on this process's pool; its address. `more` are further settings of the environment."""
    settings = load_settings(
        data_dir=directory,
        environ={"MUSTER_DATABASE_URL": database_url, "MUSTER_REDIS_URL": redis_url, **more},
        env_file=directory / ".env",
    )
    app = create_app(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, lifespan="on", ws=LiveProtocol, proxy_headers=False)
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
