"""Live: subscriptions, coalescing, socket messages."""
