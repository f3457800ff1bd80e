"""The pure part of enrolling: plans, fuse, circles, addresses, undo."""
