"""Every operation of the OpenAPI document, as every role, about what is theirs, what is not, and what does not exist.

What is expected follows from the `x-rights` that each operation carries. One world in one process: each request runs in a transaction
that is rolled back, so that all of them find it as it was made.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from backend.database import execute, fetch_value, transaction

Json = dict[str, Any]
MISSING = 2_000_000_000
PASSWORD = "correct horse battery"
HTTP_METHODS = ("get", "post", "put", "patch", "delete")
# A reseller is, until environments exist, a learner with no rights of that name.
ROLES = ("learner", "manager", "instructor", "coach", "group_admin", "admin", "read_token", "write_token")

MAY, NO, UNKNOWN, INVALID = 200, 403, 404, 422
PEOPLE = ROLES[:5]
_ANSWERS = {"+": MAY, "-": NO, "0": UNKNOWN, "?": INVALID}
# What each of PEOPLE is answered about what is theirs and what is not: + may, - may not, 0 is not to know of it, ? it is no
# acceptable value. Platform admins and their tokens may do everything.
BY_OBJECT: dict[tuple[str, str], str] = {
    #                           learner manager instructor coach group admin
    ("group", "see"):           "+0     00      ++         ++    ++",
    ("group", "members"):       "-0     00      --         +-    +-",
    ("group", "manage"):        "-0     00      --         --    +-",
    # Named in the body: of a group one may not know of it is said that there is none.
    ("group below", "manage"):  "--     ??      --         --    +-",
    ("learner", "see"):         "+0     +0      +0         +0    +0",
    ("learner", "edit"):        "+0     -0      -0         -0    -0",
    ("learner", "manage"):      "-0     -0      -0         -0    -0",
    ("activity", "see"):        "+0     +0      ++         ++    ++",
    ("activity", "take"):       "+0     -0      --         --    --",
    ("activity", "manage"):     "-0     -0      --         --    --",
    # The person is named in the body: whom one may not grade is nobody one knows there.
    ("step", "grade"):          "--     ?0      +?         +?    +?",
    ("session", "see"):         "+0     +0      +0         +0    +0",
    # Who instructs a class of it is no role here: see test_course_group_rights.py.
    ("session", "class"):       "-0     -0      +0         +0    +0",
    ("session", "participants"):"-0     +0      +0         +0    +0",
    ("session", "view"):        "-0     -0      +0         +0    +0",
    ("session", "enroll"):      "-0     +0      +0         +0    +0",
    ("session", "exclude"):     "-0     -0      -0         +0    +0",
    ("session", "manage"):      "-0     -0      -0         -0    +0",
    ("method", "see"):          "-0     +0      +0         +0    +0",
    ("method", "manage"):       "-0     -0      -0         +0    +0",
    ("enrollment", "see"):      "00     +0      +0         +0    +0",
    ("enrollment", "view"):     "00     00      +0         +0    +0",
    ("enrollment", "act"):      "00     00      +0         +0    +0",
    ("enrollment", "unenroll"): "00     00      -0         +0    +0",
    ("run", "view"):            "00     00      +0         +0    +0",
    ("run", "undo"):            "00     00      -0         +0    +0",
    ("run", "decide"):          "00     00      -0         +0    +0",
    # One that the coach made, in a session of the manager's team.
    ("proposal", "see"):        "--     +0      00         +0    +0",
    ("proposal", "decide"):     "--     +0      00         -0    +0",
    # Of a method that the group admin owns.
    ("jump", "dismiss"):        "--     00      00         00    +0",
    ("token", "manage"):        "+0     +0      +0         +0    +0",
}  # fmt: skip
BY_ROLE = {"public": "+++++", "signed_in": "+++++", "staff": "-++++", "admin": "-----"}
# Of what only those do who sign in with a password.
NOT_WITH_A_TOKEN = frozenset({"createToken", "changePassword", "revealInvitation"})
# Its address is checked, and who is behind it: the answer to a wrong one is 401 or 404, which says nothing about rights.
ASKS_WHO = frozenset({"signIn", "getInvitation", "acceptInvitation"})


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    name: str
    method: str
    path: str
    rights: Json
    body: Json | None
    form: bool = False

    @property
    def writes(self) -> bool:
        """Whether a token has to cover more than reading."""
        return not (self.method == "get" or self.rights["reads"])

    @property
    def by_body(self) -> bool:
        """Whether what it is about is named in the body."""
        return bool(self.rights["on"] == "group" and self.rights["role"] == "staff")

    @property
    def about_something(self) -> bool:
        """Whether own and foreign differ."""
        return self.rights["on"] not in (None, "self")

    def expected(self, role: str, *, own: bool) -> int:
        """The status that the declaration means for this role; `MAY` for any that is no refusal."""
        if role == "read_token" and self.writes:
            return NO
        if role.endswith("_token") and self.name in NOT_WITH_A_TOKEN:
            return NO
        if role in ("admin", "read_token", "write_token"):
            # Even an admin takes only what they are enrolled in.
            return NO if self.rights["need"] == "take" else MAY
        if not self.about_something:
            return _ANSWERS[BY_ROLE[self.rights["role"]][PEOPLE.index(role)]]
        on = "group below" if self.by_body else self.rights["on"]
        answers = BY_OBJECT[on, self.rights["need"]].split()[PEOPLE.index(role)]
        return _ANSWERS[answers[0 if own else 1]]


def operations(document: Json) -> list[Operation]:
    """All of them, each with a body of what its schema requires."""
    schemas = document["components"]["schemas"]
    found = []
    for path, item in document["paths"].items():
        for method in HTTP_METHODS:
            if method not in item:
                continue
            stated = item[method]
            content = stated.get("requestBody", {}).get("content", {})
            form = "multipart/form-data" in content
            media = next(iter(content.values()), None)
            body = None if media is None else required(media["schema"], media.get("example"), schemas)
            found.append(Operation(stated["operationId"], method, path, stated["x-rights"], body, form))
    return found


def required(schema: Json, example: Any, schemas: Json) -> Json:
    """The part of a body's example that the schema requires."""
    options = [schema, *schema.get("anyOf", [])]
    for option in options:
        name = str(option.get("$ref", "")).rsplit("/", 1)[-1]
        found = schemas.get(name, option)
        if found.get("type") == "object":
            return {key: example[key] for key in found.get("required", [])}
    raise AssertionError(f"no object: {schema}")


@dataclass
class World:
    """What there is: ids of what is everybody's own here, and of what is nobody's, by the names of paths and bodies."""

    clients: dict[str, httpx.AsyncClient]
    own: dict[str, int | str]
    foreign: dict[str, int | str]
    # What each role has for itself in place of what is common.
    personal: dict[str, dict[str, int | str]] = field(default_factory=dict)

    def ids(self, role: str, which: str) -> dict[str, int | str]:
        """Ids for a role: `own`, `foreign` or `missing`."""
        if which == "own":
            return self.own | self.personal.get(role, {})
        if which == "foreign":
            return self.foreign
        return dict.fromkeys(self.foreign, MISSING) | {"token": "x" * 40}

    def bodies(self, role: str, ids: dict[str, int | str]) -> dict[str, Json]:
        """Where a body needs more than its schema requires, or other values than the examples, to be accepted of an admin."""
        group, learner, activity = ids["group_id"], self.own["learner_id"], self.own["activity_id"]
        rule = {"blocks": [{"groups": [self.own["group_id"]]}]}
        # An instructor without a group has nobody to pick.
        people_picked = [] if role == "instructor" else [self.own["report_id"]]
        picked = {"kind": "manual", "rule": {"include": people_picked}}
        people = {"learner_ids": [learner]}
        return {
            "addMembers": people,
            "removeMembers": people,
            "addCourseGroupMembers": people,
            "changeRequirements": {"activity_ids": []},
            "removeCourseGroupMembers": people,
            "moveCourseGroupMembers": people | {"to_course_group_id": self.own["other_course_group_id"]},
            "moveMembers": people | {"to_group_id": self.own["team_id"]},
            "createGroup": {"name": "Below", "parent_id": group},
            "createSession": {"activity_id": activity, "name": "Mine", "group_id": group},
            "createMethod": picked,
            "planEnrollment": picked,
            "applyEnrollment": picked | {"hash": "0" * 64},
            "createPathSession": {"path_id": activity, "name": "Mine", "group_id": group},
            "enrollDirectly": {"learner_ids": people_picked},
            "unenrollDirectly": {"learner_ids": people_picked},
            "enrollEmails": {"text": "learner@example.org"},
            "changeLearner": {"first_name": "Ana"},
            "explainAudience": {"rule": rule, "learner_id": self.own["report_id"]},
            "forecastAudience": {"rule": rule, "from": "2027-01-01", "to": "2027-01-02"},
            **{
                name: {"rule": rule}
                for name in (
                    "previewAudience",
                    "listAudienceMembers",
                    "describeAudience",
                    "checkMethodPins",
                    "checkSegmentPins",
                    "checkEnrollmentRulePins",
                    "findSameAudiences",
                )
            },
            "createSegment": {"name": "New", "rule": rule},
            "createEnrollmentRule": {"name": "New", "rule": rule, "targets": []},
            "createImportTemplate": {"session_ids": [self.own["session_id"]]},
            "createActivity": {"kind": "course", "title": "New"},
            "replaceActivity": {"kind": "path", "title": "Path"},
            "createField": {"name": "Shoe size", "type": "number"},
            "changePassword": {"current": PASSWORD, "new": "battery horse correct"},
            "bulkResults": {"results": []},
            "bulkAwards": {"awards": []},
            "bulkLearners": {"learners": []},
            "bulkGroups": {"groups": []},
            "renameOption": {"from": "junior", "to": "senior"},
            "mergeOptions": {"from": "junior", "to": "expert"},
            "planEnrollments": {"people": people_picked, "targets": [{"session_id": self.own["session_id"]}]},
            "propose": {
                "session_id": self.own["session_id"],
                "body": {
                    "people": [self.own["report_id"]],
                    "targets": [{"session_id": self.own["session_id"]}],
                },
            },
            "applyEnrollments": {
                "people": people_picked,
                "targets": [{"session_id": self.own["session_id"]}],
                "hash": "0" * 64,
            },
            **_about_assignments(role, self.own),
            **_about_consequences(role, people | {"act": "members_add", "group_id": group}),
            "gradeStep": {"learner_id": ids["learner_id"], "score": 80},
            "moveEnrollment": {"session_id": self.own["other_session_id"]},
            "actOnEnrollments": {"ids": [ids["enrollment_id"]], "do": "resume"},
            "exclude": {"learner_id": self.own["report_id"], "reason": "Left the team"},
            "liftExclusions": people,
            "extendEnrollment": {"due_at": "2190-01-01T00:00:00Z"},
        }


def _about_assignments(role: str, own: dict[str, int | str]) -> dict[str, Json]:
    """Groups are given something by who leads them; other staff is answered that nothing is named."""
    leads = role not in ("manager", "instructor")
    add = [{"group_id": own["group_id"], "session_id": own["session_id"]}] if leads else []
    return {"planAssignments": {"add": add}, "applyAssignments": {"add": add, "hash": "0" * 64}}


def _about_consequences(role: str, change: Json) -> dict[str, Json]:
    """What one may not do one may not ask about either: an admin's question is answered, nobody else's is read that far."""
    changes = [change] if role in ("admin", "read_token", "write_token") else []
    return {
        "askConsequences": {"changes": changes},
        "listConsequencesPeople": {"changes": changes, "change": "entering"},
        "listConsequencesMessages": {"changes": changes},
        "applyConsequences": {"changes": changes, "hash": "0" * 64},
        "createRehearsal": {"name": "Autumn", "changes": [change]},
        "changeRehearsal": {"name": "Autumn"},
        "applyRehearsal": {"hash": "0" * 64},
    }


@asynccontextmanager
async def rolled_back() -> AsyncIterator[None]:
    """A transaction that is never committed; what the application does inside joins it."""
    async with transaction() as connection:
        yield
        # Whatever follows is done outside of it, and the COMMIT at its end has nothing left to do.
        await connection.execute("ROLLBACK; BEGIN")


async def ask(
    world: World, operation: Operation, role: str, which: str, **other_ids: int | str
) -> httpx.Response:
    """The answer of one operation to one role, about `own`, `foreign` or `missing` things; nothing is kept."""
    ids = world.ids(role, which) | other_ids
    if operation.rights["need"] == "decide":
        ids = ids | {"run_id": ids["held_id"]}
    path = operation.path.format(**ids)
    body = world.bodies(role, ids).get(operation.name, operation.body)
    sent: Json = {}
    if operation.form:
        sent = {"files": {"file": ("people.csv", b"email\nx@example.org\n")}, "data": {"kind": "learners"}}
    elif body is not None:
        sent = {"json": body}
    async with rolled_back():
        return await world.clients[role].request(operation.method, path, **sent)


async def insert(table: str, **row: object) -> int:
    """A new row's id."""
    marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    found: int = await fetch_value(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) RETURNING id", *row.values()
    )
    return found


async def join(group: int, learner: int, role: str = "member") -> None:
    """A membership."""
    await execute(
        "INSERT INTO membership (learner_id, group_id, role, since) VALUES ($1, $2, $3, muster_now())",
        learner,
        group,
        role,
    )
