"""The `muster` commands, one module each."""
