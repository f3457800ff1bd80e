"""Slowing down who guesses: counted in PostgreSQL, so that it holds over processes and restarts. See docs/decisions/0022."""

import ipaddress
from datetime import timedelta

from piccolo.querystring import QueryString

from backend.database import after_rollback, any_of, current_transaction, fetch
from backend.runtime import clock
from backend.services.access import statements
from backend.services.errors import TooMany
from backend.tables import SignInAttempt
from backend.words import Message

WINDOW = timedelta(minutes=15)
LIMITS = {
    # One account from one address: enough for a forgetful person. Who guesses from elsewhere does not use it up.
    "account": 10,
    # One account from everywhere, known devices aside: guessing from many addresses is slowed down, too.
    "everywhere": 100,
    # One address, known devices aside: an office behind one router signs in on Monday morning.
    "address": 200,
    # One account on a device that was signed in to it before: nobody else can use this up.
    "device": 30,
    # Addresses that somebody who is no admin has sorted: two classes and their corrections, not a list of guesses.
    "pasted": 4_000,
}
# What belongs to one customer of a provider is one address: with IPv6 each has 2^64 of them.
_NETWORK_BITS = 64


def sign_in_keys(account: str, address: str, device: str | None = None) -> tuple[str, ...]:
    """What an attempt to sign in counts under: a known device by itself, all others by account and address."""
    if device is not None:
        return (f"device:{device}:{account}",)
    network = _network(address)
    return (f"account:{network}:{account}", f"address:{network}", f"everywhere:{account}")


async def count_attempt(*keys: str) -> None:
    """Count one attempt under each key (its first part is one of `LIMITS`); raises `TooMany` beyond the limit."""
    await count(*keys, attempts=1)


async def count(*keys: str, attempts: int) -> None:
    """The same of several attempts at once."""
    now = clock.now()
    if current_transaction() is not None:
        # Of a request under an idempotency key nothing stays when it is refused. The attempt has been made all the same.
        async def count_again() -> None:
            await fetch(statements.COUNT_ATTEMPTS, list(keys), now, WINDOW, attempts)

        after_rollback(count_again)
    for row in await fetch(statements.COUNT_ATTEMPTS, list(keys), now, WINDOW, attempts):
        if row["failures"] > LIMITS[row["key"].partition(":")[0]]:
            wait = int((row["since"] + WINDOW - now).total_seconds())
            raise TooMany(
                Message("Too many attempts. Try again in {minutes} minutes.", minutes=max(1, -(-wait // 60))),
                retry_after=wait,
            )


async def forget_attempts(*keys: str) -> None:
    """An attempt succeeded: what is one person's starts afresh, what many share gets this one back."""
    shared = [key for key in keys if key.startswith(("address:", "everywhere:"))]
    own = [key for key in keys if key not in shared]
    one_less = QueryString("greatest(0, {} - 1)", SignInAttempt.failures)
    await SignInAttempt.update({SignInAttempt.failures: one_less}).where(any_of(SignInAttempt.key, shared))
    await SignInAttempt.delete().where(any_of(SignInAttempt.key, own))


async def forget_old_attempts() -> None:
    """Drop what no longer counts; run on a schedule."""
    await SignInAttempt.delete().where(SignInAttempt.since <= clock.now() - WINDOW)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))
