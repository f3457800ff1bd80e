"""The wire: msgspec structs of what comes in and what goes out."""
