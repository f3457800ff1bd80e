"""Settings from the environment and `.env`, checked once and then fixed."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from backend.runtime import clock

DEFAULT_DATA_DIR = ".muster"
SECRET_BYTES = 32
SHORTEST_SECRET = 16


class SettingsError(Exception):
    """A setting that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class Settings:
    """What the environment says. `None` for a server means an embedded one, for SMTP that messages are only kept."""

    data_dir: Path
    database_url: str | None
    redis_url: str | None
    smtp_url: str | None
    base_url: str | None
    given_secret: str | None
    timezone: str | None
    clock_offset: timedelta
    trusted_proxies: tuple[str, ...] = ()

    def secret(self) -> str:
        """The key that signs: the one given, else one made at the first start and kept in the data directory."""
        if self.given_secret:
            return self.given_secret
        file = self.data_dir / "secret"
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return file.read_text().strip()
        with os.fdopen(descriptor, "w") as opened:
            made = secrets.token_urlsafe(SECRET_BYTES)
            opened.write(made)
        return made

    def environment(self, *, database_url: str, redis_url: str, base_url: str) -> dict[str, str]:
        """What child processes are given, nothing in it left to find out: the clock, too, is a plain offset."""
        given = {
            "MUSTER_DATA_DIR": str(self.data_dir),
            "MUSTER_DATABASE_URL": database_url,
            "MUSTER_REDIS_URL": redis_url,
            "MUSTER_BASE_URL": self.base_url or base_url,
            "MUSTER_SECRET": self.secret(),
            "MUSTER_SMTP_URL": self.smtp_url or "",
            "MUSTER_TIMEZONE": self.timezone or "",
            "MUSTER_TRUSTED_PROXIES": ",".join(self.trusted_proxies),
            "MUSTER_CLOCK": clock.offset_text(self.clock_offset) if self.clock_offset else "",
        }
        inherited = {name: value for name, value in os.environ.items() if name not in given}
        return inherited | {name: value for name, value in given.items() if value}


def load_settings(
    *, data_dir: Path | None = None, environ: Mapping[str, str] | None = None, env_file: Path = Path(".env")
) -> Settings:
    """The settings; `data_dir` comes from the command line and wins. Raises `SettingsError`."""
    given = {name: value for name, value in dotenv_values(env_file).items() if value}
    given |= {name: value for name, value in (os.environ if environ is None else environ).items() if value}
    secret = given.get("MUSTER_SECRET")
    if secret is not None and len(secret) < SHORTEST_SECRET:
        raise SettingsError(f"MUSTER_SECRET is shorter than {SHORTEST_SECRET} characters")
    return Settings(
        data_dir=(data_dir or Path(given.get("MUSTER_DATA_DIR", DEFAULT_DATA_DIR))).absolute(),
        database_url=_url(given, "MUSTER_DATABASE_URL", "postgresql", "postgres"),
        redis_url=_url(given, "MUSTER_REDIS_URL", "redis", "rediss", "unix"),
        smtp_url=_url(given, "MUSTER_SMTP_URL", "smtp", "smtps"),
        base_url=_base_url(given),
        given_secret=secret,
        timezone=_timezone(given),
        clock_offset=_clock_offset(given),
        trusted_proxies=_trusted_proxies(given),
    )


def _url(given: Mapping[str, str], name: str, *schemes: str) -> str | None:
    value = given.get(name)
    if value is not None and urlsplit(value).scheme not in schemes:
        allowed = " or ".join(f"{scheme}://…" for scheme in schemes)
        raise SettingsError(f"{name} is not an address Muster understands: it begins with {allowed}")
    return value


def _base_url(given: Mapping[str, str]) -> str | None:
    value = _url(given, "MUSTER_BASE_URL", "http", "https")
    return value.rstrip("/") if value else None


def _trusted_proxies(given: Mapping[str, str]) -> tuple[str, ...]:
    """Addresses and networks, separated by commas or spaces."""
    found = given.get("MUSTER_TRUSTED_PROXIES", "").replace(",", " ").split()
    for one in found:
        try:
            ip_network(one)
        except ValueError as error:
            raise SettingsError(
                f"MUSTER_TRUSTED_PROXIES: {one!r} is no address or network ({error}); use 10.0.0.5 or 10.0.0.0/24"
            ) from error
    return tuple(found)


def _timezone(given: Mapping[str, str]) -> str | None:
    name = given.get("MUSTER_TIMEZONE")
    if name is not None and not clock.is_zone(name):
        raise SettingsError(
            f"MUSTER_TIMEZONE: there is no time zone {name!r}; use a name such as Europe/Paris"
        )
    return name


def _clock_offset(given: Mapping[str, str]) -> timedelta:
    text = given.get("MUSTER_CLOCK")
    if text is None:
        return timedelta(0)
    try:
        return clock.parse_offset(text, datetime.now(UTC))
    except ValueError as error:
        raise SettingsError(f"MUSTER_CLOCK: {error}") from error
