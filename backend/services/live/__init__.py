"""Live: what sockets may follow, boards, and the catalog of a learner."""
