"""`muster openapi`: the document of the API without a running server, for those who generate clients from it."""

import sys
from datetime import timedelta
from pathlib import Path

import msgspec

from backend.app import create_app
from backend.controllers.http.openapi import complete
from backend.settings import Settings


def openapi() -> None:
    """Print the OpenAPI document, with the schemas of the live socket's frames."""
    app = create_app(_nothing())
    document = complete(app.openapi_schema.to_schema(), app)
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def _nothing() -> Settings:
    """Settings under which the application can be put together but not started: the document depends on none."""
    return Settings(
        data_dir=Path(),
        database_url=None,
        redis_url=None,
        smtp_url=None,
        base_url=None,
        given_secret=None,
        timezone=None,
        clock_offset=timedelta(),
    )
