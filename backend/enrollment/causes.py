# ruff: noqa: RUF001 - French is written with its own apostrophe
"""Why something happened to a person: the causes there are, and the words that tell each of them."""

from typing import Any, Literal, get_args

Cause = Literal[
    # Facts about the person.
    "membership",
    "field",
    "result",
    "award",
    "language",
    "added",
    "manager",
    "status",
    "enrollment",
    # What rules mention was changed.
    "group_moved",
    "field_changed",
    "activity_changed",
    "certificate_changed",
    "segment_changed",
    "session_changed",
    "day",
    # What somebody did.
    "by_hand",
    "confirmed",
    "self",
    "imported",
    "approved",
    "undone",
    "method_removed",
    "checked",
    # How it stands.
    "other_session",
    "kept",
    "unknown",
    "another_method",
]
CAUSES = frozenset(get_args(Cause))
# What changes of structure are recorded as, where they are not about a person.
_OF_STRUCTURE: dict[str, Cause] = {
    "learner_group": "group_moved",
    "session": "session_changed",
    "activity": "activity_changed",
    "certificate": "certificate_changed",
    "segment": "segment_changed",
}
# Causes of runs that say by themselves why people came or went.
OF_RUNS: dict[str, Cause] = {
    "confirm": "confirmed",
    "self": "self",
    "import": "imported",
    "approve": "approved",
    "undo": "undone",
    "check": "checked",
    "act": "by_hand",
}

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "membership": "Now in {name}",
        "membership.gone": "No longer in {name}",
        "membership.role": "Another role in {name}",
        "field": "{name}: {new}",
        "result": "Result in {name}: {new}",
        "result.gone": "No result in {name} any more",
        "award": "Has the certificate {name}",
        "award.gone": "No longer has the certificate {name}",
        "language": "Language: {new}",
        "added": "Added on another day",
        "manager": "Has another manager",
        "manager.gone": "Has no manager any more",
        "status": "Now {new}",
        "enrollment": "Enrolled in {name}",
        "enrollment.gone": "No longer enrolled in {name}",
        "group_moved": "The group {name} was moved",
        "field_changed": "The field {name} was changed",
        "activity_changed": "The activity {name} was changed",
        "certificate_changed": "The certificate {name} was changed",
        "segment_changed": "The segment {name} was changed",
        "session_changed": "The session {name} was changed",
        "day": "A day has passed",
        "by_hand": "By hand",
        "by_hand.note": "By hand: {note}",
        "confirmed": "Somebody confirmed a plan",
        "self": "They did so themselves",
        "imported": "By an import",
        "approved": "Somebody approved the removal",
        "undone": "Somebody undid the run",
        "method_removed": "Its method was removed",
        "checked": "By the regular check",
        "other_session": "Enrolled in “{name}”",
        "kept": "Stays enrolled without a method, by policy",
        "unknown": "Not recorded",
        "another_method": "By another method",
        "unnamed": "something that is gone",
        "private_group": "a private group",
        "session": "another session",
        "empty": "not set",
        "yes": "yes",
        "no": "no",
        "started": "started",
        "completed": "completed",
        "failed": "failed",
        "pending": "waiting for approval",
        "invited": "invited",
        "active": "active",
        "suspended": "suspended",
        "deactivated": "deactivated",
    },
    "fr": {
        "membership": "Maintenant dans {name}",
        "membership.gone": "N’est plus dans {name}",
        "membership.role": "Un autre rôle dans {name}",
        "field": "{name} : {new}",
        "result": "Résultat de {name} : {new}",
        "result.gone": "Plus de résultat pour {name}",
        "award": "A le certificat {name}",
        "award.gone": "N’a plus le certificat {name}",
        "language": "Langue : {new}",
        "added": "Date d’ajout modifiée",
        "manager": "A un autre manager",
        "manager.gone": "N’a plus de manager",
        "status": "Statut : {new}",
        "enrollment": "Inscription à {name}",
        "enrollment.gone": "N’a plus d’inscription à {name}",
        "group_moved": "Le groupe {name} a été déplacé",
        "field_changed": "Le champ {name} a été modifié",
        "activity_changed": "L’activité {name} a été modifiée",
        "certificate_changed": "Le certificat {name} a été modifié",
        "segment_changed": "Le segment {name} a été modifié",
        "session_changed": "La session {name} a été modifiée",
        "day": "Un jour est passé",
        "by_hand": "À la main",
        "by_hand.note": "À la main : {note}",
        "confirmed": "Un plan a été confirmé",
        "self": "De leur propre initiative",
        "imported": "Par un import",
        "approved": "Le retrait a été approuvé",
        "undone": "L’exécution a été annulée",
        "method_removed": "Sa méthode a été supprimée",
        "checked": "Par la vérification régulière",
        "other_session": "Inscription à « {name} »",
        "kept": "Reste sans méthode, selon la règle de sortie",
        "unknown": "Non enregistré",
        "another_method": "Par une autre méthode",
        "unnamed": "quelque chose de supprimé",
        "private_group": "un groupe privé",
        "session": "une autre session",
        "empty": "non renseigné",
        "yes": "oui",
        "no": "non",
        "started": "commencé",
        "completed": "terminé",
        "failed": "échoué",
        "pending": "en attente d’approbation",
        "invited": "invité",
        "active": "actif",
        "suspended": "suspendu",
        "deactivated": "désactivé",
    },
}


def cause_of(recorded: dict[str, Any]) -> Cause:
    """The cause of what a run recorded: a fact of the change log, a change of structure, or an act."""
    facet = str(recorded.get("facet", ""))
    if facet == "field" and recorded.get("old") is None and recorded.get("new") is None:
        return "field_changed"
    known: Cause = _OF_STRUCTURE.get(facet) or (facet if facet in CAUSES else "unknown")  # type: ignore[assignment]  # narrowed
    return known


def words_for(language: str) -> dict[str, str]:
    """The words of the language, English unless French."""
    return WORDS["fr" if language.lower().startswith("fr") else "en"]
