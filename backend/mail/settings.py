"""Where mail goes and what it says of its origin."""

from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

SUBMISSION, PLAIN, IMPLICIT_TLS = 587, 25, 465
# A stalled server must not hold the others' mail: whatever comes before the message itself can be said again without harm.
REPLY_SECONDS = 30.0


class SmtpServer(msgspec.Struct, frozen=True):
    """One mail server: `smtp://` upgrades to TLS when the server offers it, `smtps://` begins with it.

    `?verify=no` accepts any certificate (a relay on the own machine often has none that verifies). `?timeout=SECONDS` is how long
    each reply is waited for, but the one to a whole message, for which RFC 5321 asks ten minutes.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    implicit_tls: bool
    verify: bool
    reply_seconds: float = REPLY_SECONDS


class MailSettings(msgspec.Struct, frozen=True):
    """`smtp_url` None: messages are kept for the outbox page. `base_url` is where links lead, without a final slash."""

    smtp_url: str | None = None
    base_url: str = "http://127.0.0.1:8000"

    @classmethod
    def of(cls, smtp_url: str | None, base_url: str | None) -> "MailSettings":
        """From settings that may be missing."""
        return cls(smtp_url) if base_url is None else cls(smtp_url, base_url.rstrip("/"))

    @property
    def server(self) -> SmtpServer | None:
        """The parsed `smtp_url`; raises `ValueError` for one that names no host or another scheme."""
        if not self.smtp_url:
            return None
        parts = urlsplit(self.smtp_url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("MUSTER_SMTP_URL must look like smtp://user:password@host:port")
        implicit = parts.scheme == "smtps"
        username = unquote(parts.username) if parts.username else None
        default = IMPLICIT_TLS if implicit else SUBMISSION if username else PLAIN
        options = parse_qs(parts.query)
        verify = options.get("verify") != ["no"]
        seconds = _seconds(options.get("timeout"))
        password = unquote(parts.password) if parts.password else None
        return SmtpServer(
            parts.hostname, parts.port or default, username, password, implicit, verify, seconds
        )

    @property
    def host(self) -> str:
        """The name in `base_url`: the right-hand side of Message-IDs."""
        return urlsplit(self.base_url).hostname or "localhost"

    @property
    def sender(self) -> str:
        """The address messages come from: `?from=` of the SMTP URL, else its user if that is an address."""
        parts = urlsplit(self.smtp_url or "")
        given = parse_qs(parts.query).get("from")
        if given:
            return given[0]
        user = unquote(parts.username or "")
        return user if "@" in user else f"muster@{self.host}"


def _seconds(given: list[str] | None) -> float:
    """How long each reply is waited for: not longer than leases are made for. Raises `ValueError`."""
    if given is None:
        return REPLY_SECONDS
    seconds = float(given[0])
    if not 0 < seconds <= REPLY_SECONDS:
        raise ValueError(f"timeout in MUSTER_SMTP_URL is a number of seconds up to {REPLY_SECONDS:g}")
    return seconds
