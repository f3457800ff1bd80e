"""An empty organisation filled with what the story needs, over HTTP."""

from datetime import timedelta
from typing import Any

import httpx

from backend.runtime import clock

PASSWORD = "a long enough password"
ADA, BO, CY = "ada@story.example", "bo@story.example", "cy@story.example"
COACH = "coach@story.example"


class World:
    """The ids of what the story needs."""

    def __init__(self, http: httpx.Client, starts_in: timedelta = timedelta(seconds=25)) -> None:
        self.http = http
        self.starts_at = clock.now() + starts_in
        self._people()
        self._learning()

    def post(self, path: str, body: Any, status: tuple[int, ...] = (200, 201, 202)) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code in status, f"{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def learner(self, email: str) -> dict[str, Any]:
        found = self.http.get("/learners", params={"q": email}).json()["items"]
        (one,) = [person for person in found if person["email"] == email]
        return dict(one)

    def _people(self) -> None:
        self.post(
            "/fields", {"key": "location", "name": "Location", "type": "choice", "options": ["Paris", "Rome"]}
        )
        answer = self.post(
            "/groups/bulk",
            {
                "groups": [
                    {"external_id": "team-a", "name": "Team A", "parent_external_id": "sales"},
                    {"external_id": "sales", "name": "Sales", "kind": "department"},
                ]
            },
        )
        assert answer["created"] == 2, answer
        people = [
            {
                "email": ADA,
                "external_id": "ada",
                "first_name": "Ada",
                "last_name": "Ång",
                "groups": ["team-a"],
                "fields": {"location": "Paris"},
            },
            {
                "email": BO,
                "external_id": "bo",
                "first_name": "Bo",
                "last_name": "Li",
                "groups": ["sales"],
                "language": "fr",
                "fields": {"location": "Rome"},
            },
            {"email": CY, "external_id": "cy", "first_name": "Cy", "last_name": "Out"},
            {"email": COACH, "external_id": "coach", "first_name": "Co", "last_name": "Ach"},
        ]
        answer = self.post("/learners/bulk", {"learners": people})
        assert (answer["created"], answer["errors"]) == (4, []), answer
        for email in (ADA, BO, CY, COACH):
            one = self.learner(email)
            assert self.http.patch(f"/learners/{one['id']}", json={"password": PASSWORD}).is_success
        groups = self.http.get("/groups", params={"limit": 1000}).json()["items"]
        self.sales = next(group["id"] for group in groups if group["external_id"] == "sales")

    def _learning(self) -> None:
        self.path = self.post(
            "/activities",
            {
                "kind": "path",
                "title": "Safety",
                "external_id": "safety",
                "certificate": {"title": "Safe", "valid_months": 12},
                "steps": [
                    {"kind": "content", "title": "Read", "mandatory": True},
                    {"kind": "content", "title": "Sign", "mandatory": True},
                ],
            },
        )
        self.session = self.post(
            "/sessions",
            {
                "activity_id": self.path["id"],
                "name": "Spring",
                "external_id": "safety-spring",
                "catalog": "hidden",
                "starts_at": self.starts_at.isoformat(),
                "instructor_ids": [self.learner(COACH)["id"]],
            },
        )

    @property
    def rule(self) -> dict[str, Any]:
        return {
            "blocks": [
                {
                    "groups": [self.sales],
                    "subgroups": True,
                    "filters": [
                        {"type": "field", "field": "location", "op": "in", "values": ["Paris"]},
                        {"type": "path_result", "status": "not_completed", "paths": [self.path["id"]]},
                    ],
                }
            ],
            "include": [],
            "exclude": [],
        }
