"""Names of the `opt` flags of routes, for what holds of every other route. Who may call it: `route_rights.py`."""

# It commits on its own, or its answer must not be kept (sign-in): an idempotency key is ignored.
UNREPEATABLE = "unrepeatable"

# A `BodyLimit` of `bodies.py`, where the usual one does not do.
BODY = "body"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
