"""PostgreSQL and Redis of one's own, from the binaries that Python packages carry, in a data directory."""

from backend.embedded.errors import EmbeddedError
from backend.embedded.instance import Instance
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.redis import EmbeddedRedis
from backend.embedded.server_restarts import Embedded, Servers

__all__ = ["Embedded", "EmbeddedError", "EmbeddedPostgres", "EmbeddedRedis", "Instance", "Servers"]
