"""The words of messages, in each language Muster writes."""

# ruff: noqa: RUF001 - French is written with its own apostrophes

import msgspec


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """Every phrase; `{…}` are filled by `rendering`. A language without one of them cannot be made."""

    hello: str
    hello_nobody: str
    automatic: str
    enrolled_one: str
    enrolled_many: str
    enrolled_lead: str
    changed_one: str
    changed_many: str
    changed_lead: str
    nudged_one: str
    nudged_many: str
    nudged_lead: str
    and_more: str
    starts: str
    ends: str
    due: str
    mandatory: str
    open: str
    why: dict[str, str]
    invitation_subject: str
    invitation_lead: str
    invitation_open: str
    invitation_until: str
    held_subject: str
    held_lead: str
    # Of each figure the words for one and for several people.
    held_figures: dict[str, tuple[str, str]]
    frozen_subject: str
    frozen_lead: str
    failed_subject: str
    failed_lead: str
    alert_open: str
    day_and_time: str


ENGLISH = Words(
    hello="Hello {name},",
    hello_nobody="Hello,",
    automatic="This message was sent automatically by Muster.",
    enrolled_one="You are enrolled in {title}",
    enrolled_many="You are enrolled in {count} activities",
    enrolled_lead="You have been enrolled:",
    changed_one="Your due date for {title} has changed",
    changed_many="{count} of your due dates have changed",
    changed_lead="A due date of yours is now earlier:",
    nudged_one="A reminder of {title}",
    nudged_many="A reminder of {count} activities",
    nudged_lead="This is waiting for you:",
    and_more="and {count} more, which you find in your catalog",
    starts="Starts:",
    ends="Ends:",
    due="Due:",
    mandatory="Mandatory",
    open="Open",
    why={
        "manual": "You were added by hand.",
        "manual_by": "{name} enrolled you.",
        "audience": "You belong to the audience “{name}”.",
        "audience_unnamed": "You belong to an audience that is enrolled.",
        "group": "You are a member of {name}.",
        "group_private": "You are a member of a private group.",
        "organisation": "Your organisation enrolled you.",
        "chain": "You completed “{name}”.",
        "self": "You enrolled yourself.",
        "nudged_by": "{name} asked us to remind you.",
        "note": "“{name}”",
        "subpath": "It is part of a path that you are enrolled in.",
    },
    invitation_subject="Your invitation to {organisation}",
    invitation_lead="an account at {organisation} has been made for you. Choose a password to begin.",
    invitation_open="Accept the invitation",
    invitation_until="The link works until {day}.",
    held_subject="Held for your approval: {method}",
    held_lead=(
        "Muster has stopped a large change of who is enrolled in {session}: {figures}. "
        "Nothing has changed yet: approve, shrink or reject it."
    ),
    held_figures={
        "entering": ("{count} person would be enrolled", "{count} people would be enrolled"),
        "leaving": ("{count} person would lose access", "{count} people would lose access"),
        "gaining": ("{count} enrolled already", "{count} enrolled already"),
        "losing": ("{count} stays enrolled for another reason", "{count} stay enrolled for another reason"),
        "completed_stay": ("{count} has completed and stays", "{count} have completed and stay"),
    },
    frozen_subject="Frozen: {method}",
    frozen_lead=(
        "The audience “{method}” of {session} cannot be evaluated, so nobody is added or removed until it is mended."
    ),
    failed_subject="Not finished: {method}",
    failed_lead=(
        "A large change of who is enrolled in {session} could not be finished and was given up. "
        "Some people are done, others are not: look at the run, and confirm a plan again."
    ),
    alert_open="Look at it",
    day_and_time="EEEE d MMMM y, HH:mm",
)

FRENCH = Words(
    hello="Bonjour {name},",
    hello_nobody="Bonjour,",
    automatic="Ce message a été envoyé automatiquement par Muster.",
    enrolled_one="Votre inscription à {title}",
    enrolled_many="Vos inscriptions à {count} activités",
    enrolled_lead="Vous avez une nouvelle inscription :",
    changed_one="Votre échéance pour {title} a changé",
    changed_many="{count} de vos échéances ont changé",
    changed_lead="Une de vos échéances est avancée :",
    nudged_one="Rappel : {title}",
    nudged_many="Rappel : {count} activités",
    nudged_lead="Ceci vous attend :",
    and_more="et {count} de plus, à retrouver dans votre catalogue",
    starts="Début :",
    ends="Fin :",
    due="Échéance :",
    mandatory="Obligatoire",
    open="Ouvrir",
    why={
        "manual": "Cette inscription a été faite à la main.",
        "manual_by": "Cette inscription a été faite par {name}.",
        "audience": "Vous faites partie de l’audience « {name} ».",
        "audience_unnamed": "Vous faites partie d’une audience inscrite.",
        "group": "Vous êtes membre de {name}.",
        "group_private": "Vous êtes membre d’un groupe privé.",
        "organisation": "Cette inscription a été faite par votre organisation.",
        "chain": "Vous avez terminé « {name} ».",
        "self": "Vous avez fait cette inscription.",
        "nudged_by": "{name} nous a demandé de vous le rappeler.",
        "note": "« {name} »",
        "subpath": "Cela fait partie d’un parcours que vous suivez.",
    },
    invitation_subject="Votre invitation à {organisation}",
    invitation_lead=(
        "un compte a été créé pour vous chez {organisation}. Choisissez un mot de passe pour commencer."
    ),
    invitation_open="Accepter l’invitation",
    invitation_until="Le lien est valable jusqu’au {day}.",
    held_subject="En attente de votre accord : {method}",
    held_lead=(
        "Muster a arrêté un grand changement des inscriptions à {session} : {figures}. "
        "Rien n’a encore changé : approuvez, réduisez ou rejetez."
    ),
    held_figures={
        "entering": ("{count} personne serait inscrite", "{count} personnes seraient inscrites"),
        "leaving": ("{count} personne perdrait l’accès", "{count} personnes perdraient l’accès"),
        "gaining": ("{count} déjà inscrite", "{count} déjà inscrites"),
        "losing": (
            "{count} reste inscrite pour une autre raison",
            "{count} restent inscrites pour une autre raison",
        ),
        "completed_stay": ("{count} a terminé et reste", "{count} ont terminé et restent"),
    },
    frozen_subject="Gelé : {method}",
    frozen_lead=(
        "L’audience « {method} » de {session} ne peut pas être évaluée : "
        "personne n’est ajouté ni retiré tant qu’elle n’est pas réparée."
    ),
    failed_subject="Inachevé : {method}",
    failed_lead=(
        "Un grand changement des inscriptions à {session} n’a pas pu être terminé et a été abandonné. "
        "Une partie des personnes est traitée, l’autre non : regardez l’opération, puis confirmez un nouveau plan."
    ),
    alert_open="Voir",
    day_and_time="EEEE d MMMM y, HH:mm",
)

WORDS = {"en": ENGLISH, "fr": FRENCH}


def language_of(*wanted: str) -> str:
    """The first of the wanted language tags (`fr`, `fr-CA`) that Muster writes; English if none."""
    for tag in wanted:
        primary = tag.replace("_", "-").split("-")[0].lower()
        if primary in WORDS:
            return primary
    return "en"
