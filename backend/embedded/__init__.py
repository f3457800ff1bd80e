"""PostgreSQL and Redis of one's own, from the binaries that Python packages carry, in a data directory."""

from backend.embedded.errors import EmbeddedError
from backend.embedded.instance import Instance
from backend.embedded.keeping import Embedded, Servers
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.redis import EmbeddedRedis

__all__ = ["Embedded", "EmbeddedError", "EmbeddedPostgres", "EmbeddedRedis", "Instance", "Servers"]
