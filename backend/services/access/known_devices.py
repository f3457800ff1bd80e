"""Devices from which an account was signed in to before: a cookie that says so, which nobody else can make.

Guessing is slowed down for an account; without this, whoever guesses would keep its owner out. It follows what OWASP calls device
cookies. The cookie proves only that its bearer once knew the password; it signs nobody in.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta

COOKIE = "muster_device"
KEPT_FOR = timedelta(days=365)
# Accounts remembered on one device, the latest first: a shared computer, and a cookie that stays small.
ACCOUNTS = 5
_PROOF_BYTES = 16


def known(cookie: str | None, account: str, secret: str) -> str | None:
    """The name of this device if `account` was signed in to from it, else None."""
    device, *proofs = (cookie or "").split(".")
    expected = _proof(device, account, secret)
    return device if any(hmac.compare_digest(proof.encode(), expected.encode()) for proof in proofs) else None


def remembered(cookie: str | None, account: str, secret: str) -> str:
    """The cookie's value once `account` was signed in to: what it says of other accounts stays."""
    device, *proofs = (cookie or "").split(".")
    if not (proofs and len(device) == 2 * _PROOF_BYTES and device.isalnum()):
        device, proofs = secrets.token_hex(_PROOF_BYTES), []
    fresh = _proof(device, account, secret)
    return ".".join([device, fresh, *(proof for proof in proofs if proof != fresh)][: ACCOUNTS + 1])


def _proof(device: str, account: str, secret: str) -> str:
    digest = hmac.digest(
        secret.encode(), f"device\n{device}\n{account}".encode("utf-8", "surrogateescape"), hashlib.sha256
    )
    return digest[:_PROOF_BYTES].hex()
