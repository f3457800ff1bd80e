"""A file system of one's own, which can be made full: a tmpfs of which nothing but what is used is left."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# As much as it may hold; only what is used takes memory. The doctor wants a gigabyte free.
SIZE_BYTES = 4 * 1024**3


class Disk:
    """Mounted at `directory`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def fill(self, *, but: int = 0) -> None:
        """Leave no byte, or so many."""
        while True:
            status = os.statvfs(self.directory)
            # Refused when somebody has written meanwhile: less than is used cannot be.
            if self._resized((status.f_blocks - status.f_bfree) * status.f_frsize + but):
                return

    def make_room(self) -> None:
        """As large as before."""
        assert self._resized(SIZE_BYTES)

    def _resized(self, size: int) -> bool:
        command = ["mount", "-o", f"remount,size={size}", str(self.directory)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0


@contextmanager
def small_disk(directory: Path) -> Iterator[Disk | None]:
    """One at `directory`, inside the block; None where mounting is not allowed."""
    options = f"size={SIZE_BYTES},mode=0711"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", directory], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        yield None
        return
    try:
        yield Disk(directory)
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)
