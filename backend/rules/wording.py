# ruff: noqa: RUF001 - French is written with its own apostrophe
"""The words of the sentence that says a rule, in English and French. `{slots}` are filled by `describing`."""

from typing import Literal

Language = Literal["en", "fr"]

ENGLISH = {
    "nobody": "Nobody yet",
    "groups": "people in {groups}",
    "groups.direct": "people directly in {groups}",
    "everyone": "everyone",
    "plus": ", plus ",
    "except": ", except ",
    "picked.one": "{count} person picked by hand",
    "picked.many": "{count} people picked by hand",
    "left_out.one": "{count} person",
    "left_out.many": "{count} people",
    "and": " and ",
    "or": " or ",
    "comma": ", ",
    "more": "{count} more",
    "open": "(",
    "close": ")",
    "none": "for whom none of this holds: (",
    "none.next": "; ",
    "yes": "yes",
    "no": "no",
    "private_group": "private group",
    "group.gone": "a deleted group",
    "field.gone": "a deleted field",
    "activity.gone": "a deleted path",
    "certificate.gone": "a deleted certificate",
    "segment.gone": "a deleted segment",
    "learner": "learner {id}",
    "field.in": "whose {field} is {any}",
    "field.not_in": "whose {field} is not {any}",
    "field.is_set": "whose {field} is filled in",
    "field.is_empty": "whose {field} is empty",
    "field.lt": "whose {field} is less than {any}",
    "field.lte": "whose {field} is at most {any}",
    "field.gt": "whose {field} is more than {any}",
    "field.gte": "whose {field} is at least {any}",
    "field.between": "whose {field} is between {all}",
    "field.contains": "whose {field} contains {any}",
    "field.starts_with": "whose {field} starts with {any}",
    "field.date.lt": "whose {field} is before {any}",
    "field.date.lte": "whose {field} is on or before {any}",
    "field.date.gt": "whose {field} is after {any}",
    "field.date.gte": "whose {field} is on or after {any}",
    "group.in": "who are also in {any}",
    "group.in.direct": "who are also directly in {any}",
    "group.not_in": "who are not in {any}",
    "group.not_in.direct": "who are not directly in {any}",
    "path_result.completed": "who have completed {match}",
    "path_result.not_completed": "who have not completed {match}",
    "path_result.successful": "who have passed {match}",
    "path_result.not_successful": "who have not passed {match}",
    "path_result.started": "who have started {match}",
    "path_result.not_started": "who have not started {match}",
    "path_result.enrolled": "who are enrolled in {match}",
    "path_result.not_enrolled": "who are not enrolled in {match}",
    "certificate.not_obtained": "who lack the certificate {match}",
    "certificate.valid": "whose certificate {match} is valid",
    "certificate.expired": "whose certificate {match} has expired",
    "certificate.expiring": "whose certificate {match} expires within {days} days",
    "language.in": "whose language is {any}",
    "language.not_in": "whose language is not {any}",
    "added.before": "who were added before {any}",
    "added.after": "who were added after {any}",
    "added.between": "who were added between {all}",
    "added.last_days": "who were added in the last {days} days",
    "manager.in": "whose manager is {any}",
    "manager.not_in": "whose manager is not {any}",
    "manager.in.indirect": "who report, directly or not, to {any}",
    "manager.not_in.indirect": "who do not report, directly or not, to {any}",
    "segment.in": "who are in the segment {any}",
    "segment.not_in": "who are not in the segment {any}",
}

FRENCH = {
    "nobody": "Personne pour l’instant",
    "groups": "les personnes de {groups}",
    "groups.direct": "les personnes directement dans {groups}",
    "everyone": "tout le monde",
    "plus": ", plus ",
    "except": ", sauf ",
    "picked.one": "{count} personne choisie à la main",
    "picked.many": "{count} personnes choisies à la main",
    "left_out.one": "{count} personne",
    "left_out.many": "{count} personnes",
    "and": " et ",
    "or": " ou ",
    "comma": ", ",
    "more": "{count} autres",
    "open": "(",
    "close": ")",
    "none": "pour qui rien de ceci n’est vrai : (",
    "none.next": " ; ",
    "yes": "oui",
    "no": "non",
    "private_group": "groupe privé",
    "group.gone": "un groupe supprimé",
    "field.gone": "un champ supprimé",
    "activity.gone": "un parcours supprimé",
    "certificate.gone": "un certificat supprimé",
    "segment.gone": "un segment supprimé",
    "learner": "l’apprenant {id}",
    "field.in": "dont {field} est {any}",
    "field.not_in": "dont {field} n’est pas {any}",
    "field.is_set": "dont {field} est renseigné",
    "field.is_empty": "dont {field} est vide",
    "field.lt": "dont {field} est inférieur à {any}",
    "field.lte": "dont {field} est au plus {any}",
    "field.gt": "dont {field} est supérieur à {any}",
    "field.gte": "dont {field} est au moins {any}",
    "field.between": "dont {field} est entre {all}",
    "field.contains": "dont {field} contient {any}",
    "field.starts_with": "dont {field} commence par {any}",
    "field.date.lt": "dont {field} est avant le {any}",
    "field.date.lte": "dont {field} est au plus tard le {any}",
    "field.date.gt": "dont {field} est après le {any}",
    "field.date.gte": "dont {field} est au plus tôt le {any}",
    "field.date.between": "dont {field} est entre le {all}",
    "group.in": "qui sont aussi dans {any}",
    "group.in.direct": "qui sont aussi directement dans {any}",
    "group.not_in": "qui ne sont pas dans {any}",
    "group.not_in.direct": "qui ne sont pas directement dans {any}",
    "path_result.completed": "qui ont terminé {match}",
    "path_result.not_completed": "qui n’ont pas terminé {match}",
    "path_result.successful": "qui ont réussi {match}",
    "path_result.not_successful": "qui n’ont pas réussi {match}",
    "path_result.started": "qui ont commencé {match}",
    "path_result.not_started": "qui n’ont pas commencé {match}",
    "path_result.enrolled": "qui sont inscrites à {match}",
    "path_result.not_enrolled": "qui ne sont pas inscrites à {match}",
    "certificate.not_obtained": "à qui manque le certificat {match}",
    "certificate.valid": "dont le certificat {match} est valide",
    "certificate.expired": "dont le certificat {match} a expiré",
    "certificate.expiring": "dont le certificat {match} expire dans les {days} jours",
    "language.in": "dont la langue est {any}",
    "language.not_in": "dont la langue n’est pas {any}",
    "added.before": "qui ont été ajoutées avant le {any}",
    "added.after": "qui ont été ajoutées après le {any}",
    "added.between": "qui ont été ajoutées entre le {all}",
    "added.last_days": "qui ont été ajoutées ces {days} derniers jours",
    "manager.in": "dont le manager est {any}",
    "manager.not_in": "dont le manager n’est pas {any}",
    "manager.in.indirect": "qui dépendent, directement ou non, de {any}",
    "manager.not_in.indirect": "qui ne dépendent pas, même indirectement, de {any}",
    "segment.in": "qui sont dans le segment {any}",
    "segment.not_in": "qui ne sont pas dans le segment {any}",
}

WORDS: dict[str, dict[str, str]] = {"en": ENGLISH, "fr": FRENCH}
MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
}
LANGUAGES = {
    "en": {"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "nl": "Dutch",
           "pt": "Portuguese"},
    "fr": {"en": "anglais", "fr": "français", "de": "allemand", "es": "espagnol", "it": "italien", "nl": "néerlandais",
           "pt": "portugais"},
}  # fmt: skip


def words(language: str) -> tuple[str, dict[str, str]]:
    """The language that is spoken for `language` (English unless French) and its words."""
    spoken = "fr" if language.lower().startswith("fr") else "en"
    return spoken, WORDS[spoken]


def day_in_words(iso: str, language: str) -> str:
    """`2026-03-01` as `1 March 2026`; in French the first is `1er`."""
    year, month, day = iso.split("-")
    number = "1er" if language == "fr" and day == "01" else str(int(day))
    return f"{number} {MONTHS[language][int(month) - 1]} {int(year)}"


def number_in_words(value: float, language: str) -> str:
    """`1234.5` as `1,234.5`; in French `1 234,5`."""
    text = f"{int(value):,}" if float(value).is_integer() else f"{value:,}"
    return text if language == "en" else text.translate({ord(","): "\u202f", ord("."): ","})
