"""What the columns of a sheet mean: their headers, in English and French, as people write them."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import msgspec

from backend.schemas.imports import ImportKind

KINDS: tuple[ImportKind, ...] = get_args(ImportKind)

_LEARNER = ("learner", "person", "participant", "user", "student", "email", "e-mail", "mail", "external id",
            "employee number", "employee id", "apprenant", "personne", "utilisateur", "adresse e-mail", "courriel",
            "matricule", "identifiant externe")  # fmt: skip
_GROUP = (
    "group",
    "groups",
    "group external id",
    "team",
    "department",
    "groupe",
    "groupes",
    "equipe",
    "departement",
    "service",
)
_SESSION = ("session", "session external id", "session id", "code session")

# For each kind: the column's name on the wire, then what else people call it.
COLUMNS: Mapping[ImportKind, Mapping[str, tuple[str, ...]]] = {
    "learners": {
        "email": ("e-mail", "mail", "email address", "e-mail address", "courriel", "adresse e-mail", "adresse mail"),
        "external_id": ("external id", "id", "employee id", "employee number", "personnel number", "matricule",
                        "identifiant", "identifiant externe", "numero d'employe"),
        "first_name": ("first name", "given name", "forename", "prenom"),
        "last_name": ("last name", "surname", "family name", "nom", "nom de famille"),
        "language": ("lang", "locale", "langue"),
        "status": ("state", "statut", "etat"),
        "added_at": ("added", "added on", "created", "created at", "ajoute le", "date d'ajout", "cree le"),
        "manager_external_id": ("manager", "manager id", "reports to", "responsable", "superieur", "manager external id"),
        "groups": _GROUP,
    },
    "groups": {
        "external_id": ("external id", "id", "code", "identifiant", "identifiant externe"),
        "name": ("group", "group name", "title", "nom", "intitule", "groupe"),
        "kind": ("type", "genre"),
        "parent_external_id": ("parent", "parent id", "parent external id", "parent code", "groupe parent"),
        "private": ("is private", "prive", "confidentiel"),
        "description": ("about", "notes"),
        "color": ("colour", "couleur"),
    },
    "memberships": {"learner": _LEARNER, "group": _GROUP, "role": ("member role", "fonction")},
    "results": {
        "learner": _LEARNER,
        "activity": ("course", "path", "program", "activity external id", "module", "cours", "parcours", "activite",
                     "formation", "programme"),
        "step": ("step id", "etape"),
        "session": _SESSION,
        "status": ("state", "result", "outcome", "statut", "resultat"),
        "score": ("grade", "mark", "points", "percent", "note", "score (%)"),
        "started_at": ("started", "started on", "start", "commence le", "debut"),
        "completed_at": ("completed", "completed on", "finished", "date", "termine le", "fin", "date de fin"),
        "awarded_at": ("awarded", "awarded on", "certified on", "certifie le", "delivre le"),
    },
    "enrollments": {
        "learner": _LEARNER,
        "session": _SESSION,
        "since": ("enrolled", "enrolled on", "enrolled at", "from", "start", "registered", "inscrit le", "depuis", "debut"),
        "until": ("unenrolled", "unenrolled on", "to", "end", "unregistered", "left", "desinscrit le", "jusqu'au", "fin"),
    },
}  # fmt: skip
REQUIRED: Mapping[ImportKind, tuple[str, ...]] = {
    "learners": ("email",),
    "groups": ("external_id",),
    "memberships": ("learner", "group"),
    "results": ("learner", "activity", "status"),
    "enrollments": ("learner", "session"),
}


class Column(msgspec.Struct, frozen=True):
    """A column of the sheet; `meaning` is its name on the wire (`fields.KEY` for a custom field), or None: not used."""

    header: str
    meaning: str | None


def plain(text: str) -> str:
    """`text` without case, accents and punctuation: what headers are compared by."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def detect(
    kind: ImportKind, headers: Sequence[str], fields: Iterable[tuple[str, str]] = ()
) -> tuple[list[Column], list[str]]:
    """What each header means, and the columns that are missing; `fields` are (key, name) of the custom fields.

    A meaning goes to the first column that claims it, by its own name before a synonym.
    """
    own = {plain(name): name for name in COLUMNS[kind]}
    synonyms = {plain(other): name for name, others in COLUMNS[kind].items() for other in others}
    custom: dict[str, str] = {}
    if kind == "learners":
        for key, name in fields:
            for text in (name, key, f"fields.{key}", f"field.{key}"):
                custom[plain(text)] = f"fields.{key}"
    meanings: list[str | None] = [None] * len(headers)
    for known in (own, custom, synonyms):
        for at, header in enumerate(headers):
            meaning = known.get(plain(header))
            if meanings[at] is None and meaning is not None and meaning not in meanings:
                meanings[at] = meaning
    columns = [Column(header, meaning) for header, meaning in zip(headers, meanings, strict=True)]
    return columns, [name for name in REQUIRED[kind] if name not in meanings]
