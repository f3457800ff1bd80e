"""Names of the `opt` flags of routes, for what holds of every other route. Who may call it: `route_rights.py`."""

# It commits on its own, or its answer must not be kept (sign-in): an idempotency key is ignored.
UNREPEATABLE = "unrepeatable"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
