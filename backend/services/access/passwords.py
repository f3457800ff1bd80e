"""Passwords: argon2id, off the event loop, a few at a time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.services.errors import Invalid
from backend.words import Message

SHORTEST, LONGEST = 8, 200
# 19 MiB, two passes: OWASP's choice; 24 ms, where the library's default takes 198 ms and 64 MiB.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Two threads: sign-ins can take neither all processors nor all memory.
_POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
# Compared against when there is no such account, so that the answer takes as long.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$vvKct/PpkyZySOEDnfcUgQ$wVqu5fXtOKlE2PdxIWICG2ZRH2T+pRI28uU1k4use+8"


async def hash_password(password: str, path: str = "password") -> str:
    """The hash to store; raises `Invalid` at `path` for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid.at(
            path,
            "length",
            Message("A password has {shortest} to {longest} characters.", shortest=SHORTEST, longest=LONGEST),
        )
    return await asyncio.get_running_loop().run_in_executor(_POOL, _HASHER.hash, password)


def _matches(stored: str | None, password: str) -> bool:
    try:
        _HASHER.verify(stored or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


async def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; takes as long when there is none."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, _matches, stored, password)
