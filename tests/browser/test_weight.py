"""What opening a page costs: requests, bytes of JavaScript, questions asked twice, and whether it holds still meanwhile."""

import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import DESKTOP, PHONE, SignedIn
from tests.harness.instance import Muster

DEMO_PASSWORD = "muster-demo"
# The heaviest is the page of a segment whose audience has jumped.
MOST_REQUESTS = 40
MOST_SCRIPT = 150 * 1024
# A list is read again five seconds after it was first read, for what changed meanwhile: a busy machine has not shown the page by then.
READ_AGAIN_SECONDS = 4.5
# Of Core Web Vitals' layout shift: a tenth of that is called poor at 0.25.
MOST_SHIFT = 0.02
PAGES = {
    "admin": [
        "/paths",
        "/learners",
        "/learners/5",
        "/organisation?group=1",
        "/sessions/1",
        "/sessions/2/enroll?method=2",
        "/segments/1",
        "/imports",
        "/rehearsals",
        "/runs",
        "/outbox",
        "/settings",
        "/activities/1",
    ],
    "coach": ["/board", "/board/1", "/my-groups"],
    "learner": ["/catalog", "/learning"],
}
# Sums up layout shift as the browser does for its users' reports, without what follows an act of theirs.
OBSERVE = """
window.shift = 0;
window.shifted = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        window.shift += entry.value;
        window.shifted.push(...entry.sources.map((source) => source.node && (source.node.className || source.node.nodeName)));
    }
}).observe({ type: 'layout-shift', buffered: true });
"""


class Traffic:
    """Everything that a page asks for."""

    def __init__(self, page: Page) -> None:
        self.urls: dict[str, str] = {}
        # When, in seconds.
        self.asked: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        # When the server told that something has changed: what is asked after that follows it.
        self.told: list[float] = []
        self.script = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        session.on("Network.webSocketFrameReceived", self._received)
        session.send("Network.enable", {"maxPostDataSize": 65536})

    def _sent(self, event: Mapping[str, Any]) -> None:
        request = event["request"]
        self.urls[event["requestId"]] = request["url"]
        if "/api/" in request["url"]:
            question = request["method"], request["url"], request.get("postData", "")
            self.asked[question].append(event["timestamp"])

    def _finished(self, event: Mapping[str, Any]) -> None:
        if self.urls.get(event["requestId"], "").endswith(".js"):
            self.script += int(event["encodedDataLength"])

    def _received(self, event: Mapping[str, Any]) -> None:
        if '"event":' in event["response"]["payloadData"]:
            self.told.append(event["timestamp"])

    @property
    def twice(self) -> list[tuple[str, str, str]]:
        """Questions that were asked more than once, and not to follow what has changed."""
        return [
            question
            for question, times in self.asked.items()
            if any(
                later - first < READ_AGAIN_SECONDS and not any(first < told < later for told in self.told)
                for first, later in pairwise(times)
            )
        ]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("role", PAGES)
def test_pages_are_light_and_hold_still(
    role: str, viewport: dict[str, int], demo: Muster, open_as: SignedIn
) -> None:
    heavy: dict[str, str] = {}
    for path in PAGES[role]:
        # Signed in on a page of its own, so that nothing is in the browser's cache.
        page = open_as(demo, f"{role}@halden.example", DEMO_PASSWORD, "/api/openapi.json", viewport=viewport)
        page.add_init_script(OBSERVE)
        traffic = Traffic(page)
        page.goto(path)
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        page.wait_for_load_state("networkidle")
        shift = page.evaluate("window.shift")
        told = f"{len(traffic.urls)} requests, {traffic.script} bytes of script, shift {shift:.3f}, twice {traffic.twice}"
        if (
            len(traffic.urls) > MOST_REQUESTS
            or traffic.script > MOST_SCRIPT
            or traffic.twice
            or shift > MOST_SHIFT
        ):
            heavy[path] = f"{told} {page.evaluate('window.shifted')}"
        page.context.close()
    assert heavy == {}


def test_a_slow_socket_has_nothing_asked_twice(demo: Muster, open_as: SignedIn) -> None:
    page = open_as(demo, "admin@halden.example", DEMO_PASSWORD, "/api/openapi.json")
    held: list[str | bytes] = []
    sockets: list[WebSocketRoute] = []

    def hold(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server().on_message(lambda message: held.append(message))  # noqa: PLW0108 - Playwright wraps no method of a list

    page.route_web_socket(re.compile("/live"), hold)
    traffic = Traffic(page)
    page.goto("/sessions/1")
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert held
    for message in held:
        sockets[0].send(message)
    # What the socket tells is on screen.
    expect(page.get_by_role("group", name="Enrolled")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert traffic.twice == []
