# ruff: noqa: RUF001 - French is written with its own apostrophe
"""The sentence, the dependencies and the canonical form of a rule."""

from typing import Any

import msgspec
import pytest

from backend.rules import (
    AnyFilter,
    Dependency,
    Facet,
    LanguageFilter,
    canonical,
    convert,
    depends_on,
    describe,
    describe_parts,
    is_time_dependent,
    segments_of,
)
from tests import naive

WORLD = naive.World()
WORLD.put("learner_group", 1, {"name": "Sales"})
WORLD.put("learner_group", 2, {"name": "Secret", "private": True})
WORLD.put("field", 1, {"key": "city", "name": "City", "type": "choice"})
WORLD.put("field", 2, {"key": "hired", "name": "Hired", "type": "date"})
WORLD.put("field", 3, {"key": "pay", "name": "Pay", "type": "number"})
WORLD.put("field", 4, {"key": "remote", "name": "Remote", "type": "boolean"})
WORLD.put("activity", 7, {"kind": "path", "title": "Safety"})
WORLD.put("activity", 8, {"kind": "path", "title": "Fire"})
WORLD.put("certificate", 4, {"activity_id": 7, "title": "Safe"})
WORLD.put("segment", 5, {"name": "Leavers", "rule": {}})
INDEX = WORLD.index()

FILTERS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"type": "field", "field": 1, "op": "in", "values": ["Paris", "Lyon", "Nice"]},
        "whose City is Paris, Lyon or Nice",
        "dont City est Paris, Lyon ou Nice",
    ),
    ({"type": "field", "field": 1, "op": "is_empty"}, "whose City is empty", "dont City est vide"),
    (
        {"type": "field", "field": 9, "op": "is_set"},
        "whose a deleted field is filled in",
        "dont un champ supprimé est renseigné",
    ),
    (
        {"type": "field", "field": 2, "op": "lt", "values": ["2026-03-01"]},
        "whose Hired is before 1 March 2026",
        "dont Hired est avant le 1er mars 2026",
    ),
    (
        {"type": "field", "field": 2, "op": "between", "values": ["2026-03-01", "2026-12-24"]},
        "whose Hired is between 1 March 2026 and 24 December 2026",
        "dont Hired est entre le 1er mars 2026 et le 24 décembre 2026",
    ),
    (
        {"type": "field", "field": 2, "op": "today"},
        "whose Hired is today",
        "dont Hired est aujourd’hui",
    ),
    (
        {"type": "field", "field": 2, "op": "last_days", "values": [1]},
        "whose Hired is within the last 1 day",
        "dont Hired est dans la dernière journée (1 jour)",
    ),
    (
        {"type": "field", "field": 2, "op": "last_days", "values": [1000]},
        "whose Hired is within the last 1,000 days",
        "dont Hired est dans les 1\u202f000 derniers jours",
    ),
    (
        {"type": "field", "field": 2, "op": "next_days", "values": [14]},
        "whose Hired is within the next 14 days",
        "dont Hired est dans les 14 prochains jours",
    ),
    (
        {"type": "field", "field": 2, "op": "in_days", "values": [14]},
        "whose Hired is in exactly 14 days",
        "dont Hired est dans exactement 14 jours",
    ),
    (
        {"type": "field", "field": 2, "op": "anniversary_within_days", "values": [7]},
        "whose Hired has its anniversary within 7 days",
        "dont Hired a son anniversaire d’ici 7 jours",
    ),
    (
        {"type": "field", "field": 3, "op": "gte", "values": [12345.5]},
        "whose Pay is at least 12,345.5",
        "dont Pay est au moins 12\u202f345,5",
    ),
    (
        {"type": "field", "field": 4, "op": "in", "values": [True]},
        "whose Remote is yes",
        "dont Remote est oui",
    ),
    (
        {"type": "group", "groups": [1, 9]},
        "who are also in Sales or a deleted group",
        "qui sont aussi dans Sales ou un groupe supprimé",
    ),
    (
        {"type": "group", "groups": [1], "op": "not_in", "subgroups": False},
        "who are not directly in Sales",
        "qui ne sont pas directement dans Sales",
    ),
    (
        {"type": "path_result", "status": "not_completed", "paths": [7, 8], "match": "any"},
        "who have not completed at least one of Safety, Fire",
        "à qui il reste à terminer au moins un parmi Safety, Fire",
    ),
    (
        {"type": "path_result", "status": "not_completed", "paths": [7, 8], "match": "all"},
        "who have completed none of Safety, Fire",
        "qui n’ont terminé aucun parmi Safety, Fire",
    ),
    (
        {"type": "path_result", "status": "not_enrolled", "paths": [7], "match": "all"},
        "who are not enrolled in Safety",
        "qui ne sont pas inscrites à Safety",
    ),
    (
        {"type": "path_result", "status": "completed", "paths": [7, 8], "match": "all"},
        "who have completed Safety and Fire",
        "qui ont terminé Safety et Fire",
    ),
    (
        {"type": "certificate", "status": "not_obtained", "certificates": [4, 5]},
        "who lack at least one of the certificates Safe, a deleted certificate",
        "à qui manque au moins un des certificats Safe, un certificat supprimé",
    ),
    (
        {"type": "certificate", "status": "not_obtained", "certificates": [4, 5], "match": "all"},
        "who have none of the certificates Safe, a deleted certificate",
        "qui n’ont aucun des certificats Safe, un certificat supprimé",
    ),
    (
        {"type": "path_result", "status": "started", "paths": [9]},
        "who have started a deleted path",
        "qui ont commencé un parcours supprimé",
    ),
    (
        {"type": "certificate", "status": "expiring", "certificates": [4]},
        "whose certificate Safe expires within 30 days",
        "dont le certificat Safe expire dans les 30 jours",
    ),
    (
        {"type": "certificate", "status": "valid", "certificates": [5]},
        "whose certificate a deleted certificate is valid",
        "dont le certificat un certificat supprimé est valide",
    ),
    (
        {"type": "language", "values": ["fr", "xx"]},
        "whose language is French or xx",
        "dont la langue est français ou xx",
    ),
    (
        {"type": "added", "op": "last_days", "values": [7]},
        "who were added in the last 7 days",
        "qui ont été ajoutées ces 7 derniers jours",
    ),
    (
        {"type": "manager", "managers": [3, 4]},
        "whose manager is Ada or learner 4",
        "dont le manager est Ada ou l’apprenant 4",
    ),
    (
        {"type": "manager", "op": "is_manager"},
        "who are a manager of somebody",
        "qui encadrent quelqu’un",
    ),
    ({"type": "person", "learners": [3, 4]}, "who are Ada or learner 4", "qui sont Ada ou l’apprenant 4"),
    (
        {"type": "person", "learners": [3], "op": "not_in"},
        "who are not Ada",
        "qui ne sont pas Ada",
    ),
    (
        {
            "type": "at_least",
            "count": 2,
            "of": [
                {"type": "manager", "op": "is_manager"},
                {"type": "field", "field": 1, "op": "is_empty"},
                {"type": "person", "learners": [3]},
            ],
        },
        "for whom at least 2 of these hold: (who are a manager of somebody; whose City is empty; who are Ada)",
        "pour qui au moins 2 de ces conditions sont vraies : (qui encadrent quelqu’un ; dont City est vide ; qui sont Ada)",
    ),
    (
        {"type": "manager", "managers": [3], "op": "not_in", "indirect": True},
        "who do not report, directly or not, to Ada",
        "qui n’ont pas pour responsable, même indirectement, Ada",
    ),
    (
        {"type": "segment", "segments": [5, 6]},
        "who are in the segment Leavers or a deleted segment",
        "qui sont dans le segment Leavers ou un segment supprimé",
    ),
    (
        {
            "type": "any",
            "of": [
                {"type": "language", "values": ["en"]},
                {
                    "type": "none",
                    "of": [{"type": "language", "values": ["fr"]}, {"type": "language", "values": ["de"]}],
                },
            ],
        },
        "(whose language is English or for whom none of this holds: (whose language is French; whose language is German))",
        "(dont la langue est anglais ou pour qui rien de ceci n’est vrai : (dont la langue est français ; dont la langue est allemand))",
    ),
]


@pytest.mark.parametrize(("found", "english", "french"), FILTERS)
def test_filters_in_words(found: dict[str, Any], english: str, french: str) -> None:
    made = convert({"blocks": [{"everyone": True, "filters": [found]}]})
    assert describe(made, INDEX, people={3: "Ada"}) == f"All people {english}."
    assert describe(made, INDEX, "fr-CA", people={3: "Ada"}) == f"Toutes les personnes {french}."


def test_sentences() -> None:
    rule = convert(
        {
            "blocks": [
                {
                    "groups": [1, 2],
                    "filters": [
                        {"type": "language", "values": ["en"]},
                        {"type": "language", "values": ["fr"]},
                    ],
                },
                {"groups": [1], "subgroups": False},
                {"everyone": True},
            ],
            "include": [1, 2],
            "exclude": [3],
        }
    )
    assert describe(rule, INDEX, "en", sealed={2}) == (
        "People in Sales or private group whose language is English and whose language is French, "
        "plus people directly in Sales, plus everyone, plus 2 people picked by hand, except 1 person."
    )
    assert describe(convert({"include": list(range(1, 1_002))}), INDEX) == "1,001 people picked by hand."
    assert describe(convert({"include": [1], "exclude": [2, 3]}), INDEX, "fr") == (
        "1 personne choisie à la main, sauf 2 personnes."
    )
    unnamed = [{"type": "segment", "segments": [5]}, {"type": "manager", "managers": [3]}]
    assert describe(
        convert({"blocks": [{"groups": [1], "filters": unnamed}]}), INDEX, discreet=True
    ).endswith("whom your organisation has chosen and whose manager is somebody.")
    # What is not sound is described too.
    unsound = {"type": "path_result", "status": "started", "paths": [7], "since": "2026-01-01", "days_ago": 3}
    assert "who have started" in describe(convert({"blocks": [{"groups": [1], "filters": [unsound]}]}), INDEX)
    assert describe(convert({}), INDEX) == "Nobody yet."
    assert describe(convert({}), INDEX, "fr") == "Personne pour l’instant."


def test_nouns_are_parts_and_long_lists_are_counted() -> None:
    values = [f"v{i}" for i in range(20)]
    found = {"type": "field", "field": 1, "op": "in", "values": values}
    french = {"type": "any", "of": [{"type": "language", "values": ["fr"]}, {"type": "group", "groups": [1]}]}
    rule = {"blocks": [{"groups": [1], "filters": [found, french]}], "include": [5, 6], "exclude": [7]}
    parts = describe_parts(convert(rule), INDEX)
    city = "rule.blocks[0].filters[0]"
    assert [(part.text, part.kind, part.id, part.path) for part in parts if part.kind] == [
        ("Sales", "group", 1, "rule.blocks[0].groups"),
        ("City", "field", 1, city),
        *((f"v{i}", "value", None, city) for i in range(5)),
        ("French", "language", None, "rule.blocks[0].filters[1].of[0]"),
        ("Sales", "group", 1, "rule.blocks[0].filters[1].of[1]"),
        ("2", "people", None, "rule.include"),
        ("1", "people", None, "rule.exclude"),
    ]
    assert [part.text for part in parts if part.kind is None][-3:] == [
        "), plus ",
        " people picked by hand, except ",
        " person.",
    ]


ALL = convert(
    {
        "blocks": [
            {
                "groups": [1],
                "filters": [
                    {"type": "field", "field": 1, "op": "is_set"},
                    {"type": "group", "groups": [2], "subgroups": False},
                    {"type": "group", "groups": [3]},
                    {"type": "path_result", "status": "completed", "paths": [7]},
                    {"type": "path_result", "status": "not_enrolled", "paths": [8]},
                    {
                        "type": "any",
                        "of": [{"type": "certificate", "status": "not_obtained", "certificates": [4]}],
                    },
                    {"type": "language", "values": ["en"]},
                    {"type": "added", "op": "before", "values": ["2026-01-01"]},
                    {"type": "manager", "managers": [12]},
                    {"type": "segment", "segments": [5]},
                ],
            },
            {"groups": [4], "subgroups": False},
        ],
        "include": [99],
    }
)


def test_dependencies() -> None:
    assert depends_on(ALL) == {
        *(Dependency("group", group) for group in (1, 2, 3, 4)),
        Dependency("field", 1),
        Dependency("activity", 7),
        Dependency("activity", 8),
        Dependency("certificate", 4),
        Dependency("learner", 12),
        Dependency("segment", 5),
    }
    assert segments_of(ALL) == {5}
    assert {facet for found in ALL.blocks[0].filters for facet in found.facets()} == {
        Facet("membership"), Facet("membership", 2), Facet("field", 1), Facet("result", 7), Facet("enrollment"),
        Facet("award", 4), Facet("language"), Facet("added"), Facet("manager"),
    }  # fmt: skip
    assert not is_time_dependent(ALL)


@pytest.mark.parametrize(
    ("found", "turns"),
    [
        ({"type": "certificate", "status": "valid", "certificates": [4]}, True),
        ({"type": "certificate", "status": "not_obtained", "certificates": [4]}, False),
        ({"type": "added", "op": "last_days", "values": [3]}, True),
        ({"type": "added", "op": "after", "values": ["2026-01-01"]}, False),
        ({"type": "field", "field": 2, "op": "today"}, True),
        ({"type": "field", "field": 2, "op": "anniversary_within_days", "values": [0]}, True),
        ({"type": "field", "field": 2, "op": "gt", "values": ["2026-01-01"]}, False),
    ],
)
def test_time(found: dict[str, Any], turns: bool) -> None:
    assert is_time_dependent(convert({"blocks": [{"filters": [{"type": "none", "of": [found]}]}]})) is turns


def test_canonical_form_has_one_order() -> None:
    def spelled(**filters: Any) -> bytes:
        return canonical(convert({"blocks": [{"groups": [1], "filters": [filters]}]}))

    assert canonical(convert({"include": [2, 1, 2]})) == canonical(convert({"include": [1, 2], "blocks": []}))
    assert canonical(ALL) == canonical(convert(msgspec.to_builtins(ALL)))
    for name, kind in (("groups", "group"), ("managers", "manager"), ("segments", "segment")):
        assert spelled(type=kind, **{name: [3, 1]}) == spelled(type=kind, **{name: [1, 3, 3]})
    assert spelled(type="language", values=["b", "a"]) == spelled(type="language", values=["a", "b"])
    nested = convert(
        {"blocks": [{"filters": [{"type": "any", "of": [{"type": "language", "values": ["b", "a"]}]}]}]}
    )
    assert nested.blocks[0].filters[0].in_one_order() == AnyFilter([LanguageFilter(["a", "b"])])
    field = {"type": "field", "field": 1}
    assert spelled(**field, op="in", values=[1.0, 2]) == spelled(**field, op="in", values=[2, 1])
    assert spelled(**field, op="in", values=[1, True]) != spelled(**field, op="in", values=[1])
    assert spelled(**field, op="between", values=[1, 2]) != spelled(**field, op="between", values=[2, 1])
