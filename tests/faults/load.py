"""Clients that write over HTTP, and repeat each write under its Idempotency-Key until it is acknowledged."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from tests.faults.ledger import Confirmed, Ledger
from tests.faults.world import LANGUAGES, PLACES, World

# An answer may wait for a server that is being started again; what takes longer was lost on the way.
ANSWER_SECONDS = 20.0
# Nothing here is down for so long.
PATIENCE_SECONDS = 90.0
# A load that leaves the processor to what is being started again.
PAUSE_SECONDS = (0.01, 0.08)
RETRY_SECONDS = (0.05, 0.4)
MOST_ROWS = 12
LARGE_RUN_POLL_SECONDS = 0.2


class Refused(AssertionError):
    """The API refused what it should have done."""


class Client:
    """One that writes one thing after the other while it is let."""

    def __init__(self, world: World, ledger: Ledger, seed: str) -> None:
        self.world = world
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.let = asyncio.Event()
        self.idle = asyncio.Event()
        self._http = httpx.AsyncClient(
            base_url=f"{world.address}/api/v1",
            headers={"Authorization": f"Bearer {world.token}"},
            timeout=ANSWER_SECONDS,
        )

    async def run(self) -> None:
        """Write until cancelled; a refusal ends it, and the campaign with it."""
        async with self._http:
            while True:
                if not self.let.is_set():
                    self.idle.set()
                    await self.let.wait()
                    self.idle.clear()
                await self.step()
                await asyncio.sleep(self.chance.uniform(*PAUSE_SECONDS))

    async def step(self) -> None:
        """One thing to do."""
        raise NotImplementedError  # each kind of load says it

    async def write(
        self, path: str, body: Any = None, *, good: Sequence[int] = (200, 201, 202)
    ) -> httpx.Response:
        """Send until there is an answer: any of `good`, or `Refused`."""
        key = str(uuid.UUID(int=self.chance.getrandbits(128)))
        answer = await self._answered("POST", path, json=body, headers={"Idempotency-Key": key})
        if answer.status_code not in good:
            raise Refused(f"{path}: {answer.status_code} {answer.text}")
        if answer.is_success:
            self.ledger.acknowledged += 1
        return answer

    async def read(self, path: str) -> Any:
        """The same for a question."""
        answer = await self._answered("GET", path)
        if not answer.is_success:
            raise Refused(f"{path}: {answer.status_code} {answer.text}")
        return answer.json()

    async def _answered(self, method: str, path: str, **how: Any) -> httpx.Response:
        last = ""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    try:
                        answer = await self._http.request(method, path, **how)
                    except httpx.HTTPError as error:
                        last = type(error).__name__
                    else:
                        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                            return answer
                        last = str(answer.status_code)
                    self.ledger.unanswered[last] += 1
                    await asyncio.sleep(self.chance.uniform(*RETRY_SECONDS))
        except TimeoutError:
            raise Refused(f"{path}: no answer within {PATIENCE_SECONDS:.0f} s, the last was {last}") from None


class Facts(Client):
    """Changes what is known of its own people: fields, languages, memberships, results."""

    def __init__(self, world: World, ledger: Ledger, seed: str, people: Sequence[int]) -> None:
        super().__init__(world, ledger, seed)
        self.people = people

    async def step(self) -> None:
        some = self.chance.sample(self.people, self.chance.randint(1, MOST_ROWS))
        await self.chance.choice((self.describe, self.join, self.leave, self.report))(some)

    async def describe(self, some: Sequence[int]) -> None:
        rows = [
            {
                "external_id": self.world.people[one].external_id,
                "email": self.world.people[one].email,
                "language": self.chance.choice(LANGUAGES),
                "fields": {"place": self.chance.choice(PLACES)},
            }
            for one in some
        ]
        self._without_errors(await self.write("/learners/bulk", {"learners": rows}))
        for one, row in zip(some, rows, strict=True):
            self.ledger.facts["language", one, None] = row["language"]
            self.ledger.facts["field", one, self.world.field] = row["fields"]["place"]  # type: ignore[index]  # made above

    async def join(self, some: Sequence[int]) -> None:
        group = self.chance.choice(self.world.groups)
        await self.write(f"/groups/{group}/members", {"learner_ids": list(some)})
        for one in some:
            self.ledger.facts["membership", one, group] = "member"

    async def leave(self, some: Sequence[int]) -> None:
        group = self.chance.choice(self.world.groups)
        await self.write(
            f"/groups/{group}/members/remove", {"learner_ids": list(some), "unlink": "group_only"}
        )
        for one in some:
            self.ledger.facts["membership", one, group] = None

    async def report(self, some: Sequence[int]) -> None:
        status = self.chance.choice(("completed", "failed"))
        rows = [
            {"learner": self.world.people[one].external_id, "activity": "asked", "status": status}
            for one in some
        ]
        self._without_errors(await self.write("/results/bulk", {"results": rows}))
        for one in some:
            key = ("result", one, self.world.asked)
            # What is completed stays; a failure after it is an attempt.
            if self.ledger.facts.get(key) != "completed":
                self.ledger.facts[key] = status

    def _without_errors(self, answer: httpx.Response) -> None:
        if answer.json()["errors"]:
            raise Refused(answer.text)


class Newcomers(Client):
    """Makes accounts, which are invited by mail."""

    made = 0

    async def step(self) -> None:
        rows = []
        for _ in range(self.chance.randint(1, 3)):
            self.made += 1
            rows.append(
                {
                    "email": f"new{self.made}@faults.example",
                    "external_id": f"new{self.made}",
                    "status": "invited",
                    "groups": [f"g{self.chance.randrange(len(self.world.groups))}"],
                }
            )
        answer = await self.write("/learners/bulk", {"learners": rows})
        if answer.json()["created"] != len(rows):
            raise Refused(answer.text)
        self.ledger.newcomers |= {str(row["email"]) for row in rows}
        await asyncio.sleep(self.chance.uniform(0, 0.5))


class Confirming(Client):
    """Confirms plans of people picked by hand in a session of its own, and takes some of them back."""

    def __init__(self, world: World, ledger: Ledger, seed: str, session: int) -> None:
        super().__init__(world, ledger, seed)
        self.session = session

    async def step(self) -> None:
        confirmed = await self.confirm(self.pick())
        self.ledger.confirmed.append(confirmed)
        if self.chance.random() < 0.5:
            answer = (await self.write(f"/runs/{confirmed.run_id}/undo")).json()
            await self.finished(answer["id"])
            confirmed.undone = True

    def pick(self) -> list[int]:
        """Who is to be enrolled."""
        return sorted(self.chance.sample(sorted(self.world.people), self.chance.randint(1, MOST_ROWS)))

    async def confirm(self, people: Sequence[int]) -> Confirmed:
        """Plan and apply; the people may have changed in between, then plan again."""
        rule = {"blocks": [], "include": list(people)}
        # With a name it is a method of its own, whose people are these and nobody else's.
        body = {"kind": "manual", "name": "Together", "rule": rule, "dynamic": False}
        while True:
            plan = (await self.write(f"/sessions/{self.session}/plan", body)).json()
            answer = await self.write(
                f"/sessions/{self.session}/apply",
                {**body, "hash": plan["hash"]},
                good=(httpx.codes.OK, httpx.codes.ACCEPTED, httpx.codes.CONFLICT),
            )
            if answer.status_code != httpx.codes.CONFLICT:
                done = answer.json()
                await self.finished(done["run_id"])
                return Confirmed(done["run_id"], done["method_id"], frozenset(people))

    async def finished(self, run_id: int) -> None:
        """Wait for a run that is written in chunks."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.read(f"/runs/{run_id}"))["state"] == "applying":  # noqa: ASYNC110 - another process's doing
                await asyncio.sleep(LARGE_RUN_POLL_SECONDS)


class ConfirmingEverybody(Confirming):
    """The same with everybody, in chunks if they are many."""

    def pick(self) -> list[int]:
        return sorted(self.world.people)
