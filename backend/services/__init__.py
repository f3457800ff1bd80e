"""Use cases, named by a verb. They check rights, own the transaction, and are the only writers."""
