"""Frames of the socket, boards and the catalog on the wire."""
