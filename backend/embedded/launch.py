"""Becomes another program that ends with its parent, as another user if asked.

Run as a script by `process.spawn`, never imported: a fresh interpreter does between fork and exec what is not safe to
do in the forked copy of a process with threads. Standard library only.

    launch.py PARENT_PID SIGNAL USER:GROUP|- CAPABILITIES -- PROGRAM ARGUMENT...

CAPABILITIES is a bit mask kept over the change of user, 0 for none.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_GET_SECUREBITS = 27
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522


def _prctl(libc: ctypes.CDLL, *arguments: int) -> None:
    padded = [*arguments, 0, 0, 0, 0][:5]
    if libc.prctl(*(ctypes.c_ulong(value) for value in padded)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl {arguments}: {os.strerror(number)}")


def _count_in_access(libc: ctypes.CDLL) -> None:
    """Let access(2), too, go by the capabilities that are kept.

    It takes them from everybody but root otherwise, and PostgreSQL asks it whether it may read its own programs. Needs
    CAP_SETPCAP; `identity.py` looks for that where it matters.
    """
    bits = libc.prctl(PR_GET_SECUREBITS, *(ctypes.c_ulong(0),) * 4)
    if bits >= 0:
        libc.prctl(
            PR_SET_SECUREBITS, ctypes.c_ulong(bits | SECBIT_NO_SETUID_FIXUP), *(ctypes.c_ulong(0),) * 3
        )


def _keep(libc: ctypes.CDLL, capabilities: int) -> None:
    """Make `capabilities` (already permitted) survive exec."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(capabilities, capabilities, capabilities, 0, 0, 0)
    if libc.capset(header, data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"capset: {os.strerror(number)}")
    for capability in range(32):
        if capabilities >> capability & 1:
            _prctl(libc, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def main() -> None:
    """Change user, bind this process's life to its parent's, become the program."""
    parent, signal, identity, capabilities, _, *command = sys.argv[1:]
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if identity != "-":
        user, group = (int(part) for part in identity.split(":"))
        if linux and int(capabilities):
            _prctl(libc, PR_SET_KEEPCAPS, 1)
            _count_in_access(libc)
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
        if linux and int(capabilities):
            _keep(libc, int(capabilities))
    if linux:
        # After the change of user, which clears it.
        _prctl(libc, PR_SET_PDEATHSIG, int(signal))
    if os.getppid() != int(parent):
        # It died before the line above.
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606 - becoming that program is the purpose


main()
