"""What the columns of a sheet mean: their headers, in English and French, as people write them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import msgspec

from backend.schemas.imports import ImportKind

_IN_BRACKETS = re.compile(r"\[([^\]]*)\]")
_REMARK = re.compile(r"\[[^\]]*\]|\([^)]*\)")
_REQUIRED_MARK = re.compile(r"\b(required|mandatory)\s*$|\*\s*$", re.IGNORECASE)
# How other systems mark the fields that an organisation has added.
_CUSTOM_PREFIX = re.compile(r"^\s*(custom[ _]field|profile[ _]field)[ _:]+", re.IGNORECASE)

KINDS: tuple[ImportKind, ...] = get_args(ImportKind)

_LEARNER = ("learner", "person", "participant", "user", "student", "email", "e-mail", "mail", "external id",
            "employee number", "employee id", "user id", "user sourced id", "personnel no", "apprenant", "personne", "utilisateur", "adresse e-mail", "courriel",
            "matricule", "identifiant externe")  # fmt: skip
_GROUP = (
    "group",
    "groups",
    "group external id",
    "group id",
    "cohort",
    "class name",
    "team",
    "department",
    "groupe",
    "groupes",
    "equipe",
    "departement",
    "service",
)
_SESSION = ("session", "session external id", "session id", "section id", "class sourced id", "code session")
_STATUS = ("state", "statut", "etat")

# For each kind: the column's name on the wire, then what else people call it.
COLUMNS: Mapping[ImportKind, Mapping[str, tuple[str, ...]]] = {
    "learners": {
        "email": ("e-mail", "mail", "email address", "e-mail address", "user principal name", "courriel", "adresse e-mail", "adresse mail"),
        "external_id": ("external id", "id", "employee id", "employee number", "personnel number", "personnel no",
                        "id number", "user id", "sourced id", "emp id", "matricule",
                        "identifiant", "identifiant externe", "numero d'employe"),
        "first_name": ("first name", "given name", "forename", "prenom"),
        "last_name": ("last name", "surname", "family name", "nom", "nom de famille"),
        "language": ("lang", "locale", "langue"),
        "status": ("state", "statut", "etat"),
        "added_at": ("added", "added on", "created", "created at", "ajoute le", "date d'ajout", "cree le"),
        "manager_external_id": ("manager", "manager id", "reports to", "supervisor", "manager email", "responsable", "superieur", "manager external id"),
        "groups": _GROUP,
        # What says that somebody is no longer there; see `import_status`.
        "gone.active": ("active", "is active", "enabled", "enabled user", "account enabled", "actif"),
        "gone.blocked": ("block sign in", "blocked", "account locked", "account disabled", "bloque", "compte desactive"),
        "gone.suspended": ("suspended", "is suspended", "suspendu"),
        "gone.deleted": ("deleted", "is deleted", "archived", "removed", "terminated", "supprime"),
        "gone.since": ("deactivation date", "termination date", "leaving date", "exit date", "left on", "end of contract",
                       "contract end", "date de depart", "fin de contrat"),
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
    "memberships": {"learner": _LEARNER, "group": _GROUP, "role": ("member role", "fonction"), "status": _STATUS},
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
        "status": _STATUS,
        "role": (),
        # Not “start” and “end”: in sheets of people these are dates of a contract, a course or a semester.
        "since": ("enrolled", "enrolled on", "enrolled at", "registered", "inscrit le", "depuis"),
        "until": ("unenrolled", "unenrolled on", "unregistered", "left", "desinscrit le", "jusqu'au"),
    },
}  # fmt: skip
# What names somebody where nothing better does.
LAST_RESORT: Mapping[ImportKind, Mapping[str, tuple[str, ...]]] = {
    "learners": {"external_id": ("user name", "login", "login id")},
    "memberships": {"learner": ("user name", "login", "login id")},
    "enrollments": {"learner": ("user name", "login", "login id")},
    "results": {"learner": ("user name", "login", "login id")},
}
# A row may name somebody in one column or in another: the first that is filled counts, addresses first.
SEVERAL = frozenset({"learner"})
# The columns that a sheet of refused rows has after its own; they say nothing about anybody.
PROBLEM_HEADERS = ("Problem", "Row")
# The meaning of a column that is looked over.
NOTHING = ""
REQUIRED: Mapping[ImportKind, tuple[str, ...]] = {
    "learners": ("email",),
    "groups": ("external_id",),
    "memberships": ("learner", "group"),
    "results": ("learner", "activity", "status"),
    "enrollments": ("learner", "session"),
}


class Column(msgspec.Struct, frozen=True):
    """A column of the sheet; `meaning` is its name on the wire (`fields.KEY` for a custom field), or None: not used.

    `gone.…` are those that say that somebody is no longer there.
    """

    header: str
    meaning: str | None


def plain(text: str) -> str:
    """`text` without case, accents and punctuation: what headers are compared by."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if character.isalnum())


def header_names(header: str) -> list[str]:
    """What a header may be called: as it stands, without remarks in brackets and what makes it required, by what is in brackets."""
    outer = _REMARK.sub(" ", header)
    names = [
        header,
        _REQUIRED_MARK.sub("", outer),
        _CUSTOM_PREFIX.sub("", outer),
        *_IN_BRACKETS.findall(header),
    ]
    return [name for name in dict.fromkeys(map(plain, names)) if name]


def detect(
    kind: ImportKind, headers: Sequence[str], fields: Iterable[tuple[str, str]] = ()
) -> tuple[list[Column], list[str]]:
    """What each header means, and the columns that are missing; `fields` are (key, name) of the custom fields.

    A meaning goes to the first column that claims it, by its own name before a synonym.
    """
    own = {plain(name): name for name in COLUMNS[kind]}
    synonyms = {plain(other): name for name, others in COLUMNS[kind].items() for other in others}
    last_resort = {
        plain(other): name for name, others in LAST_RESORT.get(kind, {}).items() for other in others
    }
    custom: dict[str, str] = {}
    if kind == "learners":
        for key, name in fields:
            for text in (name, key, f"fields.{key}", f"field.{key}"):
                custom[plain(text)] = f"fields.{key}"
    meanings: list[str | None] = [None] * len(headers)
    if len(headers) > len(PROBLEM_HEADERS) and tuple(headers[-len(PROBLEM_HEADERS) :]) == PROBLEM_HEADERS:
        meanings[-len(PROBLEM_HEADERS) :] = [NOTHING] * len(PROBLEM_HEADERS)
    called = [header_names(header) for header in headers]
    for known in (own, custom, synonyms, last_resort):
        for at, names in enumerate(called):
            meaning = next((known[name] for name in names if name in known), None)
            if (
                meanings[at] is None
                and meaning is not None
                and (meaning in SEVERAL or meaning not in meanings)
            ):
                meanings[at] = meaning
    columns = [Column(header, meaning) for header, meaning in zip(headers, meanings, strict=True)]
    return columns, [name for name in REQUIRED[kind] if name not in meanings]
