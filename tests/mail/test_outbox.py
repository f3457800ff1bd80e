"""The outbox over HTTP: what waits, what went, what did not; and mail from the running product."""

import re
import time
from typing import Any

import httpx
import pytest

from tests.harness.instance import Muster
from tests.harness.mail import SmtpSink

SECONDS = 30.0


def until(condition: Any) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def session(http: httpx.Client) -> int:
    activity = http.post("/activities", json={"kind": "path", "title": "Sécurité & <care>"}).json()
    body = {"activity_id": activity["id"], "name": "Spring", "starts_at": "2199-01-01T08:00:00Z"}
    return int(http.post("/sessions", json=body).json()["id"])


def add(http: httpx.Client, email: str, **more: object) -> int:
    answer = http.post("/learners", json={"email": email, "first_name": "Ana", "last_name": "López", **more})
    assert answer.is_success, answer.text
    return int(answer.json()["id"])


def enroll(http: httpx.Client, session: int, learner: int) -> None:
    draft = {"kind": "manual", "name": "Picked", "rule": {"blocks": [], "include": [learner]}}
    plan = http.post(f"/sessions/{session}/plan", json=draft)
    assert plan.is_success, plan.text
    applied = http.post(f"/sessions/{session}/apply", json=draft | {"hash": plan.json()["hash"]})
    assert applied.status_code == 200, applied.text


def find(http: httpx.Client, **query: str) -> list[dict[str, Any]]:
    answer = http.get("/outbox", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    assert answer.json()["total"] == len(items)
    return items


def test_what_waits_is_shown_as_it_will_read(http: httpx.Client, session: int) -> None:
    learner = add(http, "waits@x.org", language="fr")
    enroll(http, session, learner)
    (message,) = find(http, q="waits@x.org", state="pending")
    assert (message["due_at"], message["learner_id"]) == ("2199-01-01T08:00:00Z", learner)
    assert message["subject"] == "Votre inscription à Sécurité & <care>"
    detail = http.get(f"/outbox/{message['id']}").json()
    assert "Sécurité &amp; &lt;care&gt;" in detail["html"]
    assert "Sécurité & <care>" in detail["text"]
    assert http.post(f"/outbox/{message['id']}/retry").status_code == 409
    assert http.post(f"/outbox/{message['id']}/cancel").json()["state"] == "cancelled"
    assert http.post(f"/outbox/{message['id']}/cancel").status_code == 409
    assert find(http, q="waits@x.org", state="pending") == []
    # It is said no second time, and nothing else was lost with it.
    assert http.get(f"/learners/{learner}/enrollments").json()["items"][0]["state"] == "active"


def test_an_invitation_goes_out_at_once(muster: Muster, http: httpx.Client, smtp_sink: SmtpSink) -> None:
    add(http, "new@x.org", status="invited")
    delivery = until(lambda: next(iter(smtp_sink.to("new@x.org")), None))
    token = delivery.text.partition("/invite/")[2].split()[0]
    (shown,) = until(lambda: find(http, q="new@x.org", state="sent"))
    detail = http.get(f"/outbox/{shown['id']}").json()
    assert delivery.message["Message-ID"] == f"<{detail['message_id']}>"
    assert token not in detail["html"] + detail["text"], "a link that is a key is not kept"
    assert muster.anonymous().get(f"/auth/invitations/{token}").json()["email"] == "new@x.org"


def test_a_refused_message_can_be_tried_again(http: httpx.Client, smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse = "550 no such mailbox"
    try:
        add(http, "again@x.org", status="invited")
        (failed,) = until(lambda: find(http, q="again@x.org", state="failed"))
    finally:
        smtp_sink.refuse = ""
    assert failed["error"] == "The mail server refused it: “550 no such mailbox”"
    said = http.get(f"/outbox/{failed['id']}", headers={"accept-language": "fr"}).json()["error"]
    # What the server said stands as it was said.
    assert re.sub(r"\s", " ", said) == "Le serveur de messagerie l’a refusé : « 550 no such mailbox »"  # noqa: RUF001 - French
    assert http.post(f"/outbox/{failed['id']}/retry").status_code == 200
    (sent,) = until(lambda: find(http, q="again@x.org", state="sent"))
    (delivery,) = smtp_sink.to("again@x.org")
    detail = http.get(f"/outbox/{sent['id']}").json()
    assert delivery.message["Message-ID"] == f"<{detail['message_id']}>"


def test_only_admins(muster: Muster, http: httpx.Client) -> None:
    add(http, "plain@x.org", password="correct horse battery")
    plain = muster.sign_in("plain@x.org", "correct horse battery")
    for answer in (
        plain.get("/outbox"),
        plain.get("/outbox/1"),
        plain.post("/outbox/1/retry"),
        plain.post("/outbox/1/cancel"),
    ):
        assert answer.status_code == 403
    assert muster.anonymous().get("/outbox").status_code == 401
    assert http.get("/outbox/999999").status_code == 404
    assert http.get("/outbox/99999999999999999999").status_code in {400, 404, 422}
    assert http.get("/outbox", params={"state": "nonsense"}).status_code in {400, 422}
    add(http, "first@x.org", status="invited")
    add(http, "second@x.org", status="invited")
    page = http.get("/outbox", params={"limit": 1}).json()
    assert page["next"]
    assert http.get("/outbox", params={"limit": 1, "cursor": page["next"]}).json()["items"] != page["items"]


def test_what_goes_out_next_stands_first_and_then_what_went_last(http: httpx.Client, session: int) -> None:
    enroll(http, session, add(http, "later@order.org", language="en"))
    activity = http.get(f"/sessions/{session}").json()["activity_id"]
    body = {"activity_id": activity, "name": "Winter", "starts_at": "2198-01-01T08:00:00Z"}
    again = http.post("/sessions", json=body)
    assert again.is_success, again.text
    enroll(http, int(again.json()["id"]), add(http, "sooner@order.org", language="en"))
    for name in ("first", "second"):
        add(http, f"{name}@order.org", status="invited")
        until(lambda name=name: find(http, q=f"{name}@order.org", state="sent"))
    expected = ["sooner@order.org", "later@order.org", "second@order.org", "first@order.org"]
    assert [message["email"] for message in find(http, q="@order.org", sort="next")] == expected
    paged: list[str] = []
    cursor = ""
    while len(paged) < len(expected):
        asked: dict[str, str | int] = {"q": "@order.org", "sort": "next", "limit": 1}
        if cursor:
            asked["cursor"] = cursor
        page = http.get("/outbox", params=asked).json()
        paged += [message["email"] for message in page["items"]]
        cursor = page["next"]
    assert paged == expected
    assert cursor is None
