"""The wire of learning: activities, their sessions, and what people did on them."""
