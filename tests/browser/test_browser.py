"""The browser that the browser tests use."""

from playwright.sync_api import Browser

from tests.harness.instance import Muster


def test_the_front_end_is_served(browser: Browser, muster: Muster) -> None:
    with browser.new_page() as page:
        answer = page.goto(f"{muster.address}/some/deep/link")
        assert answer is not None
        assert answer.ok
        assert "Muster" in page.title()
