"""Names of the `opt` flags of routes, for what holds of every other route. Who may call it: `route_rights.py`."""

# It commits on its own, or its answer must not be kept (sign-in): an idempotency key is ignored.
UNREPEATABLE = "unrepeatable"

# A `BodyLimit` of `bodies.py`, where the usual one does not do.
BODY = "body"

# It asks the index alone, for everything committed before the request: what that is comes with the look who asks, in one query.
COUNTS = "counts"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
