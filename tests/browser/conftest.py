"""Chromium, and people signed in with it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.harness.browser import chromium
from tests.harness.instance import Muster

DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# A slow machine is not a broken product; a test that waits this long has failed.
PATIENCE_MS = 15_000

SignedIn = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium; every person gets a context of their own in it."""
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def demo(start_muster: Callable[..., Muster], smtp_sink: object) -> Muster:
    """A running Muster with the demo organisation."""
    muster = start_muster(MUSTER_SMTP_URL=getattr(smtp_sink, "url"))  # noqa: B009 - the sink's type is the harness's
    done = muster.cli("demo")
    assert done.returncode == 0, done.stderr
    return muster


@pytest.fixture
def open_as(browser: Browser) -> Iterator[SignedIn]:
    """`open_as(muster, email, password, path)`: a page of this person's, signed in through the sign-in page."""
    with ExitStack() as stack:

        def open_page(
            muster: Muster,
            email: str,
            password: str,
            path: str = "/",
            *,
            viewport: ViewportSize = DESKTOP,
            scheme: str = "light",
            locale: str = "en-GB",
        ) -> Page:
            context: BrowserContext = browser.new_context(
                base_url=muster.address,
                viewport=viewport,
                color_scheme=scheme,  # type: ignore[arg-type]  # a literal
                locale=locale,
                reduced_motion="reduce",
            )
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            # The sign-in page has its own test; the rest signs in as programs do, into the same cookie.
            answer = context.request.post(
                "/api/v1/auth/login",
                data={"email": email, "password": password},
                headers={"Origin": muster.address},
            )
            assert answer.ok, answer.text()
            page = context.new_page()
            page.goto(path)
            return page

        yield open_page
