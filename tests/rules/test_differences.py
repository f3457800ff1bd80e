"""What differs between two rules, as tables: by parts, in words, whatever stands in another order."""

from typing import Any

import pytest

from backend.rules import convert, differences_steps
from backend.rules.differences import said
from backend.rules.sentence_builder import Sentence
from backend.rules.steps import finish

PEOPLE = {1: "Ana Lopez", 2: "Bo Lind"}


class Thing:
    """Whatever a rule refers to, named by its id."""

    def __init__(self, kind: str, id_: int) -> None:
        self.id, self.private = id_, False
        self.options: list[str] = []
        self.key = self.name = self.title = f"{kind} {id_}"
        self.type = "number" if id_ == 9 else "choice"


class Names:
    """Everything exists."""

    def find_group(self, reference: Any) -> Any:
        return Thing("Group", reference)

    def find_field(self, reference: Any) -> Any:
        return Thing("Field", reference)

    def find_activity(self, reference: Any) -> Any:
        return Thing("Path", reference)

    find_certificate = find_segment = find_activity

    def knows_learner(self, learner_id: int) -> bool:  # noqa: ARG002 - as the protocol has it
        return True

    def segments_inside(self, segment_id: int) -> frozenset[int]:
        return frozenset({segment_id})


def field(*values: Any, op: str = "in", of: int = 1) -> dict[str, Any]:
    return {"type": "field", "field": of, "op": op, "values": list(values)}


def rule(*groups: int, filters: Any = (), **more: Any) -> dict[str, Any]:
    return {"blocks": [{"groups": list(groups), "filters": list(filters)}], **more}


def told(before: Any, after: Any, language: str = "en", sealed: Any = ()) -> list[tuple[str, str, str, str]]:
    say = Sentence(Names(), language, PEOPLE, sealed)
    found = finish(differences_steps(convert(before), convert(after), say))
    return [(one.change, one.part, one.path, said(one)) for one in found]


PATH = {"type": "path_result", "status": "completed", "paths": [7]}
TWO = {"blocks": [{"groups": [1]}, {"groups": [2], "filters": [field("Paris")]}]}

CASES: list[tuple[str, Any, Any, list[tuple[str, str, str, str]]]] = [
    ("the same", rule(1), rule(1), []),
    ("groups in another order", rule(1, 2), rule(2, 1), []),
    ("blocks in another order", TWO, {"blocks": TWO["blocks"][::-1]}, []),
    (
        "filters in another order",
        rule(1, filters=[field("a"), PATH]),
        rule(1, filters=[PATH, field("a")]),
        [],
    ),
    ("values in another order", rule(1, filters=[field("a", "b")]), rule(1, filters=[field("b", "a")]), []),
    (
        "a group more",
        rule(1),
        rule(1, 2),
        [("added", "groups", "rule.blocks[0].groups", "Now also people in Group 2")],
    ),
    (
        "a group less",
        rule(1, 2),
        rule(1),
        [("removed", "groups", "rule.blocks[0].groups", "No longer people in Group 2")],
    ),
    (
        "another group altogether",
        rule(1),
        rule(2),
        [
            ("added", "block", "rule.blocks[0]", "New: people in Group 2"),
            ("removed", "block", "rule.blocks[0]", "Gone: people in Group 1"),
        ],
    ),
    (
        "without subgroups",
        rule(1),
        {"blocks": [{"groups": [1], "subgroups": False}]},
        [("changed", "subgroups", "rule.blocks[0]", "Now without subgroups")],
    ),
    (
        "a filter more",
        rule(1),
        rule(1, filters=[PATH]),
        [("added", "filter", "rule.blocks[0].filters[0]", "Now only those who have completed Path 7")],
    ),
    (
        "a filter less",
        rule(1, filters=[PATH]),
        rule(1),
        [
            (
                "removed",
                "filter",
                "rule.blocks[0].filters[0]",
                "No longer only those who have completed Path 7",
            )
        ],
    ),
    (
        "one value for another of several",
        rule(1, filters=[field("Paris", "Rome")]),
        rule(1, filters=[field("Rome", "Lyon")]),
        [
            ("added", "values", "rule.blocks[0].filters[0]", "Now also those whose Field 1 is Lyon"),
            ("removed", "values", "rule.blocks[0].filters[0]", "No longer those whose Field 1 is Paris"),
        ],
    ),
    (
        "another question about the same field",
        rule(1, filters=[field("Paris")]),
        rule(1, filters=[field(op="is_empty")]),
        [
            (
                "changed",
                "filter",
                "rule.blocks[0].filters[0]",
                "Now those whose Field 1 is empty, in place of those whose Field 1 is Paris",
            )
        ],
    ),
    (
        "the end of a range is no value of a list",
        rule(1, filters=[field(1, 5, op="between", of=9)]),
        rule(1, filters=[field(1, 9, op="between", of=9)]),
        [
            (
                "changed",
                "filter",
                "rule.blocks[0].filters[0]",
                "Now those whose Field 9 is between 1 and 9, in place of those whose Field 9 is between 1 and 5",
            )
        ],
    ),
    (
        "a filter about another field is another filter",
        rule(1, filters=[field("Paris")]),
        rule(1, filters=[field("Paris", of=2)]),
        [
            ("added", "filter", "rule.blocks[0].filters[0]", "Now only those whose Field 2 is Paris"),
            ("removed", "filter", "rule.blocks[0].filters[0]", "No longer only those whose Field 1 is Paris"),
        ],
    ),
    (
        "of several blocks it is said which",
        TWO,
        {"blocks": [{"groups": [1]}, {"groups": [2], "filters": [field("Paris"), PATH]}]},
        [
            (
                "added",
                "filter",
                "rule.blocks[1].filters[1]",
                "Of Group 2: now only those who have completed Path 7",
            )
        ],
    ),
    (
        "a block more",
        rule(1),
        TWO,
        [("added", "block", "rule.blocks[1]", "New: people in Group 2 whose Field 1 is Paris")],
    ),
    (
        "everybody",
        rule(1, filters=[PATH]),
        {"blocks": [{"everyone": True, "filters": [PATH]}]},
        [
            ("added", "everyone", "rule.blocks[0]", "Now everyone, whatever their groups"),
            ("removed", "groups", "rule.blocks[0].groups", "No longer people in Group 1"),
        ],
    ),
    (
        "people by name",
        rule(1, include=[1], exclude=[2]),
        rule(1, include=[2, 3]),
        [
            ("added", "include", "rule.include", "Picked by hand: Bo Lind and somebody who is gone"),
            ("removed", "include", "rule.include", "No longer picked by hand: Ana Lopez"),
            ("removed", "exclude", "rule.exclude", "No longer left out by name: Bo Lind"),
        ],
    ),
    (
        "many people are counted",
        rule(1),
        rule(1, include=[1, *range(10, 20)]),
        [
            (
                "added",
                "include",
                "rule.include",
                "Picked by hand: Ana Lopez, "
                + "somebody who is gone, " * 3
                + "somebody who is gone and 6 more",
            )
        ],
    ),
    (
        "nobody",
        rule(1),
        {"nobody": True},
        [
            ("added", "nobody", "rule", "Now nobody"),
            ("removed", "block", "rule.blocks[0]", "Gone: people in Group 1"),
        ],
    ),
    (
        "filters inside others",
        rule(1, filters=[{"type": "any", "of": [PATH]}]),
        rule(1, filters=[{"type": "any", "of": [PATH, field("a")]}]),
        [
            (
                "changed",
                "filter",
                "rule.blocks[0].filters[0]",
                "Now those (who have completed Path 7 or whose Field 1 is a), in place of those (who have completed Path 7)",
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_differs(before: Any, after: Any, expected: list[tuple[str, str, str, str]]) -> None:
    found = told(before, after)
    # Of the first ones a name is shown, and the rest are counted.
    assert found == expected


def test_in_french_with_a_sealed_group() -> None:
    found = told(rule(1), rule(1, 2, filters=[PATH]), "fr", sealed={2})
    assert [sentence for *_, sentence in found] == [
        "Maintenant aussi les personnes dans groupe privé",
        "Maintenant seulement celles qui ont terminé Path 7",
    ]


def test_a_large_rule_is_compared_in_a_moment() -> None:
    """A hundred blocks of fifty filters on each side, all of them changed."""
    before: dict[str, Any] = {
        "blocks": [
            {"groups": [i], "filters": [field(f"v{i}", of=k) for k in range(1, 51)]} for i in range(1, 101)
        ]
    }
    after = {"blocks": [{**block, "groups": [*block["groups"], 500]} for block in before["blocks"][::-1]]}
    assert {change[:2] for change in told(before, after)} == {("added", "groups")}
