"""What a bulk row names, by id or external id, found for all rows at once."""

from collections.abc import Iterable

from backend.database import fetch
from backend.schemas.learning.results import Reference
from backend.services.learning import result_statements
from backend.text import address_key, code_key


class KnownReferences:
    """Ids by what was written: an id, an external id, or (of learners) an e-mail address."""

    def __init__(self, ids: set[int], by_name: dict[str, int], by_email: dict[str, int]) -> None:
        self._ids = ids
        self._by_name = by_name
        self._by_email = by_email

    def find(self, reference: Reference) -> int | None:
        """The id, or None. An external id goes before an e-mail address."""
        if isinstance(reference, int):
            return reference if reference in self._ids else None
        found = self._by_name.get(code_key(reference))
        return found if found is not None else self._by_email.get(address_key(reference))


def _split(references: Iterable[Reference]) -> tuple[list[int], list[str]]:
    ids: set[int] = set()
    names: set[str] = set()
    for reference in references:
        if isinstance(reference, int):
            ids.add(reference)
        else:
            names.add(code_key(reference))
    return list(ids), list(names)


async def find_learners(references: Iterable[Reference]) -> KnownReferences:
    """Learners by id, external id or e-mail address in whatever case."""
    ids, names = _split(references)
    rows = await fetch(
        result_statements.LEARNERS_NAMED,
        ids,
        names,
        [address_key(name) for name in names],
    )
    return KnownReferences(
        {row["id"] for row in rows},
        {row["external_id"]: row["id"] for row in rows if row["external_id"] is not None},
        {row["email"]: row["id"] for row in rows},
    )


async def _find(sql: str, references: Iterable[Reference]) -> KnownReferences:
    ids, names = _split(references)
    rows = await fetch(sql, ids, names)
    return KnownReferences(
        {row["id"] for row in rows},
        {row["external_id"]: row["id"] for row in rows if row["external_id"] is not None},
        {},
    )


async def find_activities(references: Iterable[Reference]) -> KnownReferences:
    """Activities by id or external id."""
    return await _find(result_statements.ACTIVITIES_NAMED, references)


async def find_sessions(references: Iterable[Reference]) -> KnownReferences:
    """Sessions by id or external id."""
    return await _find(result_statements.SESSIONS_NAMED, references)


async def find_certificates(references: Iterable[Reference]) -> KnownReferences:
    """Certificates by id or their activity's external id."""
    return await _find(
        result_statements.CERTIFICATES_NAMED,
        references,
    )
