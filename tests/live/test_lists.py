"""Lists of pages are told when something changed that can alter them: to who has such a list, and nothing more."""

from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from tests.harness.system import System
from tests.live.client import LiveSocket, live_socket

SUBJECT = {"changes": [{"act": "learner", "id": 1, "language": "fr"}]}


def socket_of(system: System, client: httpx.AsyncClient) -> AbstractAsyncContextManager[LiveSocket]:
    """The socket of who is signed in with this client."""
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    url = system.address.replace("http", "ws") + "/api/v1/live"
    return live_socket(url, None, Cookie=cookie, Origin=system.address)


def of(id_: str) -> Any:
    """A frame of this subscription."""
    return lambda frame: frame["id"] == id_


def changed(name: str, after: int = -1) -> Any:
    """A state of the list at a later position."""
    return lambda frame: (
        frame["type"] == "state" and frame["data"]["name"] == name and frame["data"]["changed"] > after
    )


async def test_each_list_follows_what_can_alter_it(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1)
    session = await system.session()
    async with socket_of(system, system.admin) as live:

        async def moves(name: str, act: Any) -> None:
            """The topic tells a later position once this is done."""
            await live.send("watch", id=name, topic=f"list:{name}")
            first = await live.until(changed(name))
            await act
            await live.until(changed(name, first["data"]["changed"]))

        await moves("groups", system.post("/groups", {"name": "Support"}))
        await moves("members", system.join(group, person))
        await moves("segments", system.post("/segments", {"name": "All", "rule": {"include": [person]}}))
        await moves("people", system.admin.patch(f"/learners/{person}", json={"first_name": "Anna"}))
        await moves("participants", system.apply(session, kind="manual", rule={"include": [person]}))
        await moves("rehearsals", system.post("/rehearsals", {"name": "Autumn", **SUBJECT}))
        sheet = {"file": ("people.csv", b"email\nx@example.org\n")}
        await moves("imports", system.admin.post("/imports", files=sheet, data={"kind": "learners"}))
        rule = {"name": "Draft", "rule": {"blocks": [{"groups": [group]}]}, "targets": []}
        await moves("enrollment_rules", system.post("/enrollment-rules", rule))
        await moves("everything", system.post("/groups", {"name": "Fleet"}))


async def test_lists_are_followed_by_who_has_them(system: System) -> None:
    group = await system.group()
    await system.join(group, await system.person("coach@example.org"), role="coach")
    await system.person("learner@example.org")
    expected: dict[str, dict[str, int | None]] = {
        "coach@example.org": {
            "groups": None,
            "members": None,
            "segments": 403,
            "imports": 403,
            "nothing": 404,
        },
        "learner@example.org": {"groups": 403, "people": 403},
    }
    for email, lists in expected.items():
        client = await system.client(email)
        async with socket_of(system, client) as live:
            for name, status in lists.items():
                await live.send("watch", id=name, topic=f"list:{name}")
                frame = await live.until(of(name))
                assert frame.get("problem", {}).get("status") == status, (email, name, frame)
