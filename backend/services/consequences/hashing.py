"""The hash of consequences: what a person saw, and with it what they could not see of it."""

import hashlib
import hmac
from collections.abc import Iterable, Sequence

import msgspec

from backend.enrollment.planning import people
from backend.schemas.consequence_acts import Change
from backend.services.consequences.outcome import MethodOutcome

# Whoever stays is no part of it, nor is the position of the log: they change with what concerns nobody here.
HASHED = ("entering", "leaving", "blocked", "freed")
# What moves nobody, and may be said only when it is done: figures of what is erased, a word of why, a password.
_UNHASHED = ("confirm", "reason", "password")


def hash_of(key: bytes, changes: Sequence[Change], methods: Iterable[MethodOutcome]) -> str:
    """HMAC-SHA-256 over the changes and who moves by which method, people outside the asker's sight too.

    Without the `key` somebody could guess who moves unseen, and compare.
    """
    made = hmac.new(key, digestmod=hashlib.sha256)

    def add(part: bytes) -> None:
        # The length keeps "ab","c" apart from "a","bc".
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)

    for change in changes:
        add(change_bytes(change))
    for method in sorted(methods, key=lambda one: (one.session_id, one.method_id)):
        add(f"{method.session_id} {method.method_id}".encode())
        for name in HASHED:
            add(people(getattr(method, name)))
    return made.hexdigest()


def change_bytes(change: Change) -> bytes:
    """One spelling of what was asked, the same however its keys were ordered."""
    told = msgspec.to_builtins(change, str_keys=True)
    for name in _UNHASHED:
        told.pop(name, None)
    return msgspec.json.encode(told, order="deterministic")
