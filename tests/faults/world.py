"""The organisation that the load changes: nested groups, a field, a course that rules ask about, sessions with rules."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.harness.instance import Muster

LANGUAGES = ("en", "fr", "de")
PLACES = ("Paris", "Rome", "Oslo")
GROUPS = 6
# Methods whose sessions are of one course.
CONTESTED = 3
# In a bulk request.
MOST_ROWS = 10_000
SETUP_SECONDS = 120


@dataclass(frozen=True)
class Person:
    """How a learner is named in requests."""

    external_id: str
    email: str


class World:
    """Ids of everything, made over HTTP."""

    def __init__(self, muster: Muster, people: int) -> None:
        self.address = muster.address
        muster.create_admin()
        self.token = muster.token()
        with httpx.Client(
            base_url=f"{self.address}/api/v1",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=SETUP_SECONDS,
        ) as http:
            self._http = http
            self.field: int = self._post(
                "/fields", {"key": "place", "name": "Place", "type": "choice", "options": list(PLACES)}
            )["id"]
            self.groups = self._groups()
            self.people = self._people(people)
            self.asked = self._activity("asked", certificate={"title": "Asked", "valid_months": 1})
            self.rules = self._rules()
            self.methods = self._enroll()

    def session(self, name: str) -> int:
        """A session of a new course, for plans confirmed by hand."""
        with httpx.Client(
            base_url=f"{self.address}/api/v1", headers={"Authorization": f"Bearer {self.token}"}
        ) as self._http:
            return self._session(self._activity(name))

    def _post(self, path: str, body: Any) -> Any:
        answer = self._http.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def _groups(self) -> list[int]:
        rows = [
            {
                "external_id": f"g{i}",
                "name": f"Group {i}",
                "parent_external_id": f"g{(i - 1) // 2}" if i else None,
            }
            for i in range(GROUPS)
        ]
        self._post("/groups/bulk", {"groups": rows})
        found = self._http.get("/groups", params={"limit": 1000}).json()["items"]
        by_external = {group["external_id"]: group["id"] for group in found}
        return [by_external[f"g{i}"] for i in range(GROUPS)]

    def _people(self, number: int) -> dict[int, Person]:
        people = {f"p{i}": Person(f"p{i}", f"p{i}@faults.example") for i in range(number)}
        rows = [
            {
                "external_id": one.external_id,
                "email": one.email,
                "groups": [f"g{i % GROUPS}"],
                "fields": {"place": PLACES[i % len(PLACES)]},
            }
            for i, one in enumerate(people.values())
        ]
        assert len(rows) <= MOST_ROWS
        answer = self._post("/learners/bulk", {"learners": rows})
        assert answer["created"] == number, answer
        found: dict[int, Person] = {}
        cursor: str | None = ""
        while cursor is not None:
            page = self._http.get(
                "/learners", params={"limit": 1000, "cursor": cursor} if cursor else {"limit": 1000}
            )
            cursor = page.json()["next"]
            found |= {
                item["id"]: people[item["external_id"]]
                for item in page.json()["items"]
                if item["external_id"] in people
            }
        assert len(found) == number
        return found

    def _activity(self, external_id: str, **more: Any) -> int:
        found: int = self._post(
            "/activities",
            {"kind": "course", "title": external_id.title(), "external_id": external_id, **more},
        )["id"]
        return found

    def _session(self, activity: int) -> int:
        fuse = {"count": 1_000_000, "percent": 100, "most": 1_000_000, "entering": 1_000_000}
        found: int = self._post("/sessions", {"activity_id": activity, "name": "One", "fuse": fuse})["id"]
        return found

    def _rules(self) -> list[dict[str, Any]]:
        place = {"type": "field", "field": "place", "op": "in", "values": ["Paris", "Oslo"]}
        language = {"type": "language", "op": "in", "values": ["fr"]}
        done = {"type": "path_result", "status": "completed", "paths": [self.asked]}
        certified = {"type": "certificate", "status": "valid", "certificates": ["asked"]}
        new = {"type": "added", "op": "last_days", "values": [2]}
        g = self.groups
        picked = sorted(self.people)[:2]
        blocks: list[list[dict[str, Any]]] = [
            [{"groups": [g[0]]}],
            [{"groups": [g[1]], "filters": [place]}],
            [{"groups": [g[2]], "filters": [{"type": "none", "of": [language]}]}, {"groups": [g[4]]}],
            [{"groups": [g[0]], "filters": [done, place]}],
            [{"groups": [g[1], g[5]], "filters": [{"type": "none", "of": [done]}]}],
            [{"groups": [g[0]], "filters": [{"type": "any", "of": [certified, language]}]}],
            [{"groups": [g[3]], "subgroups": False}, {"groups": [g[2]], "filters": [new]}],
        ]
        return [{"blocks": some, "include": picked[:1], "exclude": picked[1:]} for some in blocks]

    def _enroll(self) -> list[int]:
        """A dynamic method for each rule; the last ones in sessions of one course, so that people are blocked."""
        contested = self._activity("contested")
        methods = []
        for number, rule in enumerate(self.rules):
            fought_over = number >= len(self.rules) - CONTESTED
            session = self._session(contested if fought_over else self._activity(f"course-{number}"))
            body = {"kind": "audience", "rule": rule, "dynamic": True}
            plan = self._post(f"/sessions/{session}/plan", body)
            done = self._post(f"/sessions/{session}/apply", {**body, "hash": plan["hash"]})
            methods.append(done["method_id"])
        return methods
