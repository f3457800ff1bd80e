"""The file: a ZIP of what `pg_dump` says and a manifest that tells what is in it."""

import hashlib
import os
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

DUMP = "database.dump"
MANIFEST = "manifest.json"
# Told apart from other files, and from what a later Muster may write differently.
FORMAT = "muster-backup-1"
PIECE_BYTES = 1024 * 1024
# The embedded pg_dump is built without compression; level 1 halves the time of the default and is a tenth larger.
DEFLATE_LEVEL = 1
# A manifest has a line for each table: much more is no manifest.
MANIFEST_BYTES = 1024 * 1024


class BackupError(Exception):
    """Something that keeps a backup from being made or used; says what to do."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds: rows by table in the one snapshot that was taken, at `position` of the change log."""

    format: str
    version: str
    made_at: datetime
    postgres: str
    migrations: list[str]
    position: int
    rows: dict[str, int]
    sha256: str = ""


class Archive:
    """A backup being written; nothing but a whole one ever has the name."""

    def __init__(self, file: Path) -> None:
        if file.exists():
            raise BackupError(f"{file} exists: choose another name, or remove it")
        self.file = file
        self.draft = file.with_name(f"{file.name}.partial")

    async def write(self, manifest: Manifest, dump: AsyncIterator[bytes]) -> None:
        """Write what `dump` yields, then `manifest` with its checksum."""
        digest = hashlib.sha256()
        # It holds people's data and the hashes of their passwords.
        descriptor = os.open(self.draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as opened:
                with zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED, compresslevel=DEFLATE_LEVEL) as made:
                    with made.open(DUMP, "w", force_zip64=True) as member:
                        async for piece in dump:
                            digest.update(piece)
                            member.write(piece)
                    whole = msgspec.structs.replace(manifest, sha256=digest.hexdigest())
                    made.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(whole)))
                opened.flush()
                os.fsync(opened.fileno())
            self.draft.replace(self.file)
        finally:
            self.draft.unlink(missing_ok=True)


@contextmanager
def _opened(file: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(file) as opened:
            yield opened
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, KeyError, zlib.error, EOFError) as error:
        raise BackupError(f"{file} is no backup of Muster, or is damaged: {error}") from error


def read_manifest(file: Path) -> Manifest:
    """What `file` says it holds. Raises `BackupError`."""
    with _opened(file) as opened, opened.open(MANIFEST) as member:
        try:
            found = msgspec.json.decode(member.read(MANIFEST_BYTES), type=Manifest)
        except msgspec.DecodeError as error:
            raise BackupError(f"{file} is no backup of Muster: {error}") from error
    if found.format != FORMAT:
        raise BackupError(f"{file} was written by another Muster ({found.version}): restore it with that one")
    return found


def pieces(file: Path) -> Iterator[bytes]:
    """The dump in `file`, piece by piece."""
    with _opened(file) as opened, opened.open(DUMP) as member:
        while piece := member.read(PIECE_BYTES):
            yield piece


def verify(file: Path) -> Manifest:
    """Read all of `file` and compare it with its checksum; what it holds. Raises `BackupError`."""
    manifest = read_manifest(file)
    digest = hashlib.sha256()
    for piece in pieces(file):
        digest.update(piece)
    if digest.hexdigest() != manifest.sha256:
        raise BackupError(f"{file} is damaged: its checksum is not the one it was written with")
    return manifest
