"""Names of the `opt` flags of routes, for what holds of every other route."""

# Nobody need be signed in.
PUBLIC = "public"
# It changes nothing although it is a POST: tokens that may only read may use it, and it has no idempotency key.
READS = "reads"
# It commits on its own, or its answer must not be kept (sign-in): an idempotency key is ignored.
UNREPEATABLE = "unrepeatable"

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
