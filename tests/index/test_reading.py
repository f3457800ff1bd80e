"""What is so, in words."""

from typing import Any

from backend.index.evaluating.evaluator import Evaluator
from backend.index.explaining.fact_reader import FactReader
from tests import naive
from tests.index.filtered import filtered
from tests.naive.making import DAY


def test_what_is_so_in_words() -> None:
    world = naive.World()
    for group in range(1, 10):
        world.put("learner_group", group, {"name": f"G{group}", "parent_id": 1 if group > 1 else None})
    for field, kind in enumerate(("text", "number", "date", "boolean"), 1):
        world.put("field", field, {"key": kind, "name": kind, "type": kind})
    for row in range(1, 9):
        world.put("activity", row, {"kind": "path", "title": f"P{row}"})
        world.put("certificate", row, {"activity_id": row, "title": f"C{row}"})
    world.put("session", 1, {"activity_id": 1, "name": "Spring"})
    world.put("segment", 1, {"name": "All", "rule": {"blocks": [{"everyone": True}]}})
    world.put("segment", 2, {"name": "None", "rule": {}})
    world.set("status", 1, None, "active")
    world.set("added", 1, None, "2026-03-01T12:00:00+00:00")
    world.set("language", 1, None, "fr")
    world.set("manager", 1, None, 2)
    for field, value in enumerate(("Lyon", 1234.5, "2026-03-01", False), 1):
        world.set("field", 1, field, value)
    for group in range(1, 9):
        world.set("membership", 1, group, "member")
    world.set("result", 1, 1, ["completed", True, 0])
    world.set("result", 1, 2, ["failed", False, 0])
    world.set("enrollment", 1, 1, ["active", None])
    for certificate, expires in enumerate(
        (None, "2026-03-01T12:00:00+00:00", "2026-04-01T12:00:00+00:00", "2027-04-01T12:00:00+00:00"), 1
    ):
        world.set("award", 1, certificate, ["2025-01-01T00:00:00+00:00", expires])
    index = world.index()

    def actual(learner: int, language: str = "en", **found: Any) -> str:
        rule = filtered(**found)
        evaluator = Evaluator(index.facts, index.structure, DAY)
        reader = FactReader(
            index.facts,
            index.structure,
            language,
            people={2: "Ada"} if language == "en" else None,
            sealed={3},
        )
        return reader.filter(
            rule.blocks[0].filters[0], learner, DAY, lambda s: learner in evaluator.segment(s)
        )

    def award(certificate: int) -> str:
        return actual(1, type="certificate", status="valid", certificates=[certificate])

    assert [actual(1, type="field", field=field, op="is_set") for field in (1, 2, 3, 4)] == [
        "Lyon",
        "1,234.5",
        "1 March 2026",
        "no",
    ]
    assert actual(1, "fr", type="field", field=2, op="is_set") == "1\u202f234,5"
    assert actual(9, type="field", field=1, op="is_set") == "empty"
    assert actual(1, type="group", groups=[1]) == "G1, G2, private group, G4, G5, G6, 2 more"
    assert actual(1, type="group", groups=[9]) == "in none of these groups"
    assert actual(1, type="path_result", status="completed", paths=[1]) == "completed, passed"
    assert (
        actual(1, type="path_result", status="started", paths=[1, 2, 3])
        == "P1: completed, passed; P2: failed; P3: not started"
    )
    assert actual(1, type="path_result", status="started", paths=list(range(1, 9))).endswith(
        "P6: not started; 2 more"
    )
    assert actual(1, type="path_result", status="enrolled", paths=[1]) == "enrolled in Spring"
    assert actual(9, type="path_result", status="not_enrolled", paths=[1]) == "not enrolled"
    assert [award(c) for c in (1, 2, 3, 4, 5)] == [
        "valid, never expires", "expired on 1 March 2026", "expires on 1 April 2026", "valid until 1 April 2027", "not obtained",
    ]  # fmt: skip
    assert actual(1, type="language", values=["en"]) == "French"
    assert actual(9, type="language", values=["en"]) == "none"
    assert actual(1, type="added", op="last_days", values=[3]) == "added on 1 March 2026"
    assert actual(9, type="added", op="last_days", values=[3]) == "does not exist"
    assert actual(1, type="manager", managers=[3]) == "Ada"
    assert actual(1, "fr", type="manager", managers=[3]).endswith("apprenant 2")
    assert actual(9, type="manager", managers=[3]) == "no manager"
    assert actual(1, type="segment", segments=[1]) == "in the segment"
    assert actual(1, type="segment", segments=[2]) == "not in the segment"
    assert actual(1, type="segment", segments=[1, 2]) == "All"
    assert FactReader(index.facts, index.structure, "fr").status(1) == "actif"
    assert FactReader(index.facts, index.structure).status(9) == "does not exist"
    assert index.manager_of(1) == 2
