"""PostgreSQL and Redis of one's own, from the binaries that Python packages carry, in a data directory."""

from backend.embedded.errors import EmbeddedError
from backend.embedded.instance import Instance, Servers
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.redis import EmbeddedRedis

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedRedis", "Instance", "Servers"]
