"""The rows of a bulk request about learners, and who of those they name exists already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.database import fetch
from backend.schemas.people import LearnerRow
from backend.schemas.problem import Mistake
from backend.services.people import statements
from backend.services.people.learner_rows import Writing
from backend.text import address_key
from backend.words import Message


@dataclass(slots=True)
class BulkRow:
    """A row with what is to be written of it and what is wrong with it; `number` counts from 0."""

    number: int
    email: str
    external_id: str | None
    data: LearnerRow
    writing: Writing
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The address by which accounts are the same."""
        return address_key(self.email)

    def refuse(self, path: str, code: str, message: Message) -> None:
        """Note what is wrong with the row; `path` is the value's place in it."""
        self.mistakes.append(Mistake(path, code, message))


class KnownPeople:
    """Who exists already, as far as the request is concerned: by external id and by e-mail."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.by_external: dict[str, Any] = {}
        self.by_email: dict[str, Any] = {}
        for row in rows:
            self.by_email[row["key"]] = row
            if row["external_id"] is not None:
                self.by_external[row["external_id"]] = row

    def manager(self, name: str) -> Any:
        """Who is meant as a manager: by external id, else by e-mail."""
        return self.by_external.get(name) or self.by_email.get(address_key(name))

    @classmethod
    async def load(cls, rows: Sequence[BulkRow]) -> "KnownPeople":
        """Those whom the rows name, as themselves or as somebody's manager: one query."""
        external = [row.external_id for row in rows if row.external_id]
        managers = [row.data.manager_external_id for row in rows if row.data.manager_external_id]
        return cls(
            await fetch(
                statements.EXISTING_LEARNERS,
                [*external, *managers],
                [row.key for row in rows] + [address_key(name) for name in managers if "@" in name],
            )
        )
