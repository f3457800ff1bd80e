"""Mail: what is owed to people, composed, delivered, and shown in the outbox."""
