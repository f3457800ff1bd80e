"""One file that holds everything, and an instance made from it."""

from backend.backup.archive import Archive, BackupError, Manifest, read_manifest, verify
from backend.backup.dumping import back_up
from backend.backup.restoring import Restoring, look_at, restore

__all__ = [
    "Archive",
    "BackupError",
    "Manifest",
    "Restoring",
    "back_up",
    "look_at",
    "read_manifest",
    "restore",
    "verify",
]
