"""What a change of structure means to whoever follows rules."""

from collections.abc import Mapping
from typing import Any

from backend.index import Change, FacetIndex


def regroups(change: Change) -> bool:
    """Whether what rules rest on has to be told anew: a change of the group tree, or of an activity's sessions."""
    return change.facet in ("learner_group", "session") and is_moved(change)


def is_moved(change: Change) -> bool:
    """Whether a group stands elsewhere in the tree, or a session belongs to another activity (or is new, or gone)."""
    key = "parent_id" if change.facet == "learner_group" else "activity_id"
    if change.old is None or change.new is None:
        return True
    return bool(change.old.get(key) != change.new.get(key))


def ended_now(change: Change) -> bool:
    """Whether a group has ended by this change, or what rules that use it do then is another."""
    if change.old is None or change.new is None:
        return False
    return any(change.old.get(name) != change.new.get(name) for name in ("ended", "after_end"))


def ancestry(row: Mapping[str, Any] | None, index: FacetIndex) -> frozenset[int]:
    """The groups above a group with this row, as the tree is now; none where there is no row."""
    parent = None if row is None else row.get("parent_id")
    return frozenset() if parent is None else frozenset({parent}) | index.ancestors_of(parent)


def structure_reason(change: Change) -> dict[str, Any]:
    """What is told as the reason of those whom it moves."""
    row = change.new or change.old or {}
    name = row.get("name") or row.get("title")
    return {"facet": change.facet, "ref": change.ref_id, "name": name, "old": None, "new": None}
