"""The single-page application: built files as they are, and its index for every other address."""

import base64
import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable
from email.utils import formatdate
from pathlib import Path

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

# Names below it carry a hash of their content.
IMMUTABLE = "_app/immutable/"
FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
# What browsers show as a page of its own.
PAGES = {"text/html", "image/svg+xml"}
# Addresses that belong to programs: an unknown one is 404, not the application.
RESERVED = ("api", "scim", "metrics")
# The build writes these beside each file; first match wins.
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
NOT_BUILT = b"<!doctype html><title>Muster</title><p>The front end is not built: run <code>make setup</code>."


class Asset:
    """One built file: body by encoding, and headers."""

    def __init__(self, root: Path, path: Path) -> None:
        name = path.relative_to(root).as_posix()
        self.bodies = {"identity": path.read_bytes()}
        for encoding, suffix in ENCODINGS:
            packed = path.with_name(path.name + suffix)
            if packed.exists():
                self.bodies[encoding] = packed.read_bytes()
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        self.is_page = kind in PAGES
        if kind.startswith("text/") or kind in {"application/javascript", "application/json"}:
            kind += "; charset=utf-8"
            # The build packs its parts, not the page that it falls back to.
            self.bodies.setdefault("gzip", gzip.compress(self.bodies["identity"], mtime=0))
        self.etag = f'"{hashlib.sha256(self.bodies["identity"]).hexdigest()[:20]}"'
        self.headers = {"content-type": kind, "vary": "accept-encoding"}
        if name.startswith(IMMUTABLE):
            # Nobody asks again whether it has changed.
            self.headers["cache-control"] = FOREVER
        else:
            modified = formatdate(path.stat().st_mtime, usegmt=True)
            self.headers |= {"cache-control": REVALIDATE, "etag": self.etag, "last-modified": modified}

    def best(self, accepted: str) -> str:
        """The encoding to send to a client that accepts `accepted`."""
        offered = {
            part.split(";")[0].strip() for part in accepted.split(",") if "q=0" not in part.replace(" ", "")
        }
        return next((name for name, _ in ENCODINGS if name in offered and name in self.bodies), "identity")


def read_assets(root: Path) -> dict[str, Asset]:
    """Everything below `root` by its address; held in memory (a few megabytes), so no address reaches the disk."""
    packed = tuple(suffix for _, suffix in ENCODINGS)
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.startswith("."))
    return {
        path.relative_to(root).as_posix(): Asset(root, path) for path in files if path.suffix not in packed
    }


def content_security_policy(index: bytes) -> str:
    """What the application may load: its own files, and the one inline script that starts it."""
    hashes = (
        base64.b64encode(hashlib.sha256(script).digest()).decode() for script in INLINE_SCRIPT.findall(index)
    )
    scripts = " ".join(["'self'", *(f"'sha256-{value}'" for value in hashes)])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


class FrontEnd:
    """Answers every address that is no program's, from the build in `root`; hands the rest on to `app`.

    Around the application and not a route of it: Litestar prefers a mount at "/" to all routes with parameters.
    """

    def __init__(self, app: ASGIApp, root: Path) -> None:
        self.app = app
        self.assets = read_assets(root)
        self.index = self.assets.get("index.html")
        body = self.index.bodies["identity"] if self.index else b""
        self.policy = content_security_policy(body).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].strip("/")
        if scope["type"] != ScopeType.HTTP or name.split("/")[0] in RESERVED:
            await self.app(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _send(send, 405, [(b"allow", b"GET, HEAD")], b"")
        elif name.startswith(IMMUTABLE) and name not in self.assets:
            # An old page after an update: it must not take the index for a script.
            await _send(send, 404, [], b"")
        elif (asset := self.assets.get(name) or self.index) is not None:
            await _send_asset(scope, send, asset, self.policy)
        else:
            await _send(send, 503, [(b"content-type", b"text/html; charset=utf-8")], NOT_BUILT)


async def _send_asset(scope: Scope, send: Send, asset: Asset, policy: bytes) -> None:
    asked = Headers.from_scope(scope)
    headers = [(name.encode(), value.encode()) for name, value in asset.headers.items()]
    if asset.is_page:
        # It says what a page may load; on each of thirty scripts it would be a tenth of what they weigh.
        headers.append((b"content-security-policy", policy))
    if asked.get("if-none-match") == asset.etag:
        await _send(send, 304, headers, b"")
        return
    encoding = asset.best(asked.get("accept-encoding", ""))
    if encoding != "identity":
        headers.append((b"content-encoding", encoding.encode()))
    body = asset.bodies[encoding]
    headers.append((b"content-length", str(len(body)).encode()))
    await _send(send, 200, headers, b"" if scope.get("method") == "HEAD" else body)


async def _send(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
