"""Access: who acts, what they may do, signing in, tokens, the audit, idempotency."""
