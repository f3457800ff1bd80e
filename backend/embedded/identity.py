"""Which user runs the embedded servers, and what it needs to reach their files."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from backend.embedded.errors import EmbeddedError

# PostgreSQL refuses to run as root. Accounts that exist on common systems, best first.
UNPRIVILEGED = ("muster", "postgres", "nobody")
CAP_DAC_OVERRIDE = 1 << 1
CAP_DAC_READ_SEARCH = 1 << 2
# With it capabilities count in access(2), too, by which PostgreSQL looks for its own programs: see launch.py.
CAP_SETPCAP = 1 << 8


@dataclass(frozen=True)
class Identity:
    """A user and group to run a server as; `None` in `current()` means the one who started Muster."""

    user: int
    group: int

    def own(self, path: Path) -> None:
        """Give `path` to this user."""
        os.chown(path, self.user, self.group)


def server_identity(directory: Path) -> Identity | None:
    """Who is to own `directory` and run its server: nobody else, unless this is root.

    A directory that already has an unprivileged owner keeps it.
    """
    if os.geteuid() != 0:
        return None
    if directory.exists() and directory.stat().st_uid != 0:
        status = directory.stat()
        return Identity(status.st_uid, status.st_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and this system has none of the users {', '.join(UNPRIVILEGED)}: "
        "create one of them, or start Muster as another user"
    )


def _permits(path: Path, identity: Identity, bits: int) -> bool:
    status = path.stat()
    if status.st_uid == identity.user:
        bits <<= 6
    elif status.st_gid == identity.group:
        bits <<= 3
    return status.st_mode & bits == bits


def capabilities_for(identity: Identity, program: Path, *directories: Path) -> int:
    """What the server's user needs beyond its own rights to reach its program and directories.

    Root often works below a directory closed to all others, such as /root. Rather than opening that directory, the
    server is let through it.
    """
    closed = _closed(identity, program, *directories)
    readable = _permits(program, identity, 0o5)
    if readable and not closed:
        return 0
    allowed = _permitted_capabilities()
    own_programs = readable and not _closed(identity, program)
    if own_programs or allowed & CAP_SETPCAP:
        if _permits(program, identity, 0o1) and allowed & CAP_DAC_READ_SEARCH:
            return CAP_DAC_READ_SEARCH
        if allowed & CAP_DAC_OVERRIDE:
            # Containers commonly keep this one and drop the other.
            return CAP_DAC_OVERRIDE
    name = pwd.getpwuid(identity.user).pw_name
    open_up = f"chmod o+x {' '.join(map(str, closed))}" if closed else f"chmod o+rx {program}"
    raise EmbeddedError(
        f"the user {name}, who runs the embedded servers because PostgreSQL does not run as root, may not pass: "
        f"run `{open_up}`, or start Muster as another user"
    )


def _closed(identity: Identity, *paths: Path) -> list[Path]:
    """Directories above `paths` that this user may not pass through, the outermost first."""
    passed = {parent for path in paths for parent in path.parents}
    return sorted(parent for parent in passed if not _permits(parent, identity, 0o1))


def _permitted_capabilities() -> int:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1], 16) for line in lines if line.startswith("CapPrm:")), 0)
