"""The API application: what is mounted, what runs beside it, in what order it starts and stops."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from litestar import Controller, Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from backend import database
from backend.controllers.access.authentication import DEPENDENCIES, middleware
from backend.controllers.http.bodies import BULK
from backend.controllers.http.dependencies import provide_one_by_one
from backend.controllers.http.front_end import FrontEnd
from backend.controllers.http.openapi import openapi_config
from backend.controllers.http.problems import EXCEPTION_HANDLERS
from backend.controllers.http.request_context import RequestContext
from backend.controllers.http.requests import MusterRequest
from backend.controllers.http.route_rights import require_declared
from backend.index import Follower, check_periodically
from backend.live.hub import Hub
from backend.runtime import bell, clock, logs, metrics, readiness
from backend.services import jobs
from backend.services.consequences.consequences import ConsequenceEngine
from backend.services.enrollment.reconciler.followed_work import FollowedWork
from backend.services.operations.database_metrics import Measuring
from backend.settings import Settings, load_settings
from backend.words import Message

BASE = "/api/v1"
FRONT_END = Path(__file__).parent.parent / "frontend" / "build"
POOL_SIZE = 10
# A page of 1,000 people is about 400 KB; beyond level 4 gzip costs more time than the bytes it saves.
GZIP_LEVEL = 4
GZIP_FROM_BYTES = 1024


def create_app(settings: Settings | None = None) -> Litestar:
    """The application; `settings` come from the environment unless given."""
    settings = settings or load_settings()
    clock.set_offset(settings.clock_offset)
    logs.configure()
    parts = Parts(settings)
    app = Litestar(
        route_handlers=_routers(),
        request_class=MusterRequest,
        middleware=middleware(),
        dependencies={
            **DEPENDENCIES,
            "settings": Provide(lambda: parts.settings, sync_to_thread=False),
            "follower": Provide(lambda: parts.follower, sync_to_thread=False),
            "measuring": Provide(lambda: parts.measuring, sync_to_thread=False),
            "hub": Provide(lambda: parts.hub, sync_to_thread=False),
            "engine": Provide(lambda: parts.engine, sync_to_thread=False),
        },
        exception_handlers=EXCEPTION_HANDLERS,
        # What nobody has said in the reader's language is English, not an error.
        type_encoders={Message: str},
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=GZIP_LEVEL, minimum_size=GZIP_FROM_BYTES
        ),
        # Each route has its own limit below this.
        request_max_body_size=BULK.size,
        openapi_config=openapi_config(),
        state=State({"base_url": settings.base_url, "parts": parts}),
        lifespan=[parts.running],
        logging_config=None,
    )
    require_declared(app.routes)
    provide_one_by_one(app.routes)
    # As middleware it would be inside of what turns the exceptions of other middleware into answers.
    app.asgi_handler = RequestContext(FrontEnd(app.asgi_handler, FRONT_END))
    if settings.trusted_proxies:
        # Nobody else's X-Forwarded-For and -Proto count; uvicorn alone would believe whoever is on this machine.
        app.asgi_handler = ProxyHeadersMiddleware(app.asgi_handler, list(settings.trusted_proxies))  # type: ignore[assignment, arg-type]  # uvicorn types ASGI its own way
    return app


class Parts:
    """What lives as long as the application runs: pool, bell, index, hub. An application that is started again has new ones."""

    follower: Follower
    hub: Hub
    followed_work: FollowedWork
    measuring: Measuring
    # What consequences are asked of.
    engine: ConsequenceEngine

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._make()

    def _make(self) -> None:
        self.follower = Follower()
        self.hub = Hub(self.follower)
        self.followed_work = FollowedWork(self.follower)
        self.measuring = Measuring()
        self._used = False

    @asynccontextmanager
    async def running(self, _: Litestar) -> AsyncIterator[None]:
        """Everything started in order, and stopped in the reverse one."""
        if self._used:
            self._make()
        self._used = True
        settings = self.settings
        self.engine = ConsequenceEngine(self.follower, self.followed_work, settings.secret().encode())
        metrics.begin()
        if settings.database_url is None or settings.redis_url is None:
            raise RuntimeError("set MUSTER_DATABASE_URL and MUSTER_REDIS_URL, or start with `muster serve`")
        await database.connect(settings.database_url, max_size=POOL_SIZE)
        database.on_commit(bell.ring)
        bell.start(settings.redis_url)
        jobs.start(settings.redis_url)
        guarding: asyncio.Task[None] | None = None
        try:
            await self.hub.start()
            self.hub.editors.start(settings.redis_url, settings.database_url)
            # Loading the index takes its time; meanwhile the health route says so.
            await self.follower.start()
            guarding = asyncio.create_task(check_periodically(self.follower), name="index guard")
            if readiness.succeeding():
                # Another process answers until this one can.
                await self.follower.loaded.wait()
            # What consequences are asked of is built once the index is there; nobody waits for it but who asks for them.
            self.followed_work.start()
            yield
        finally:
            if guarding is not None:
                guarding.cancel()
            await self.followed_work.stop()
            await self.hub.stop()
            await self.hub.editors.stop()
            await self.follower.stop()
            await jobs.stop()
            await bell.stop()
            await database.disconnect()


def _routers() -> list[Router]:
    """Every controller and handler below `backend/controllers/`, under /api/v1 unless its module says another PREFIX."""
    found: dict[str, list[Any]] = {}
    package = importlib.import_module("backend.controllers")
    for name in sorted(
        module.name for module in pkgutil.walk_packages(package.__path__, "backend.controllers.")
    ):
        module = importlib.import_module(name)
        found.setdefault(getattr(module, "PREFIX", BASE), []).extend(_handlers(module))
    return [
        Router(path=prefix or "/", route_handlers=handlers) for prefix, handlers in found.items() if handlers
    ]


def _handlers(module: ModuleType) -> list[Any]:
    def is_handler(value: object) -> bool:
        if isinstance(value, type):
            return issubclass(value, Controller) and value.__module__ == module.__name__
        return isinstance(value, BaseRouteHandler)

    return [value for value in vars(module).values() if is_handler(value)]
