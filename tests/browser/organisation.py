"""A small organisation for what happens around confirming: groups that can be emptied, a coach who sees half of it, a crowd."""

from typing import Any

import httpx

PASSWORD = "a long enough password"
COACH = "coach@confirm.example"
# More than is applied within a request, so that a worker writes it in chunks.
CROWD = 20_500


class Organisation:
    """Made over HTTP; `group`, `person` and `session` find or make the rest."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        groups = [
            {"external_id": "sales", "name": "Sales"},
            {"external_id": "support", "name": "Support"},
            {"external_id": "board", "name": "Board", "private": True},
            {"external_id": "night", "name": "Night"},
            {"external_id": "crowd", "name": "Crowd"},
        ]
        self.post("/groups/bulk", {"groups": groups})
        listed = http.get("/groups", params={"limit": 1000}).json()["items"]
        self.groups: dict[str, int] = {one["external_id"]: one["id"] for one in listed}
        self.enlist("sales", 60)
        self.enlist("support", 12)
        self.enlist("board", 3)
        self.enlist("night", 3)
        coach = self.post(
            "/learners", {"email": COACH, "first_name": "Co", "last_name": "Ach", "password": PASSWORD}
        )
        self.coach = int(coach["id"])
        self.post(f"/groups/{self.groups['sales']}/members", {"learner_ids": [self.coach], "role": "coach"})
        self.course = self.post(
            "/activities", {"kind": "course", "title": "First aid", "several_sessions": True}
        )

    def post(self, path: str, body: Any) -> Any:
        """The answer's body; anything but success fails the test."""
        answer = self.http.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        """The body of an answer."""
        return self.http.get(path).raise_for_status().json()

    def enlist(self, group: str, count: int) -> None:
        """`count` people in a group, named after it and numbered from 1."""
        rows = [
            {
                "external_id": f"{group}-{n}",
                "email": f"{group}{n}@confirm.example",
                "first_name": group.title(),
                "last_name": f"Number {n}",
                "groups": [group],
            }
            for n in range(1, count + 1)
        ]
        answer = self.post("/learners/bulk", {"learners": rows})
        assert answer["errors"] == []

    def speak(self, group: str, count: int, language: str) -> None:
        """The first `count` people of the group read this language from now on."""
        rows = [
            {"external_id": f"{group}-{n}", "email": f"{group}{n}@confirm.example", "language": language}
            for n in range(1, count + 1)
        ]
        answer = self.post("/learners/bulk", {"learners": rows})
        assert answer["errors"] == []

    def members(self, group: str) -> list[int]:
        """Ids of the people of a group."""
        path = f"/groups/{self.groups[group]}/members"
        return [one["id"] for one in self.http.get(path, params={"limit": 1000}).json()["items"]]

    def person(self, external_id: str) -> int:
        """The id of somebody."""
        group, number = external_id.split("-")
        (found,) = self.get(f"/learners?q={group}{number}@confirm.example")["items"]
        return int(found["id"])

    def session(self, name: str, **more: Any) -> int:
        """A new session of the course."""
        made = self.post("/sessions", {"activity_id": self.course["id"], "name": name} | more)
        return int(made["id"])

    def rule(self, *groups: str) -> dict[str, Any]:
        """People of these groups, a block each."""
        return {"blocks": [{"groups": [self.groups[group]]} for group in groups]}

    def method(self, session: int, rule: dict[str, Any] | None, **policy: Any) -> int:
        """An audience whose plan has been confirmed."""
        body = {"kind": "audience", "rule": rule, "dynamic": True} | policy
        plan = self.post(f"/sessions/{session}/plan", body)
        applied = self.post(f"/sessions/{session}/apply", body | {"hash": plan["hash"]})
        return int(applied["method_id"])

    def enrolled(self, session: int) -> int:
        """How many are enrolled in a session now."""
        return int(self.get(f"/sessions/{session}/counts")["enrolled"])
