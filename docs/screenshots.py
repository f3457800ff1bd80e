"""Takes the pictures of the documentation from the running product.

Start the demo (`make run`) on a machine with fonts for every script in it (Debian: fonts-droid-fallback), then: `.venv/bin/python docs/screenshots.py [http://127.0.0.1:8000]`.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

IMAGES = Path(__file__).parent / "images"
PASSWORD = "muster-demo"  # noqa: S105 - of the demo organisation, printed at its start
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def open_as(
    browser: Browser, address: str, who: str, path: str, *, wide: bool = True, dark: bool = False
) -> Page:
    """A page of the demo's admin, coach or learner, settled."""
    context = browser.new_context(
        base_url=address,
        viewport=WIDE if wide else PHONE,  # type: ignore[arg-type]  # a ViewportSize
        color_scheme="dark" if dark else "light",
        locale="en-GB",
        reduced_motion="reduce",
    )
    answer = context.request.post(
        "/api/v1/auth/login",
        data={"email": f"{who}@halden.example", "password": PASSWORD},
        headers={"Origin": address},
    )
    assert answer.ok, answer.text()
    page = context.new_page()
    page.goto(path)
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    return page


def builder(browser: Browser, address: str) -> Page:
    """The builder with a rule in it and who matches."""
    page = open_as(browser, address, "admin", "/sessions/2/enroll?method=2")
    expect(page.get_by_role("button", name="Why ").first).to_be_visible()
    return page


def why(browser: Browser, address: str) -> Page:
    """One person's *Why?* beside the rule, dark."""
    page = open_as(browser, address, "admin", "/sessions/2/enroll?method=2", dark=True)
    page.get_by_role("button", name="Why ").first.click()
    expect(page.get_by_role("dialog", name="Why?")).to_be_visible()
    return page


def main() -> None:
    """Write every picture to docs/images."""
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        pages = {
            "builder": builder(browser, address),
            "why-dark": why(browser, address),
            "session": open_as(browser, address, "admin", "/sessions/1"),
            "board-dark": open_as(browser, address, "coach", "/board/1", dark=True),
            "catalog-phone": open_as(browser, address, "learner", "/catalog", wide=False),
        }
        for name, page in pages.items():
            page.wait_for_load_state("networkidle")
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
