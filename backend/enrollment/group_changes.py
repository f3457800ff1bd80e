"""What changing a group does, or did, to it: where it goes, what it is called, when it ends. One sentence a change."""

from collections.abc import Mapping
from typing import Any

from backend.words import Message, joined

# What of a group is changed without a word of its own.
_OTHERS = {
    "kind": Message.in_context("of a group", "the kind"),
    "description": Message.in_context("of a group", "the description"),
    "color": Message.in_context("of a group", "the colour"),
    "private": Message.in_context("of a group", "the privacy"),
    "external_id": Message.in_context("of a group", "the external id"),
    "after_end": Message.in_context("of a group", "what follows after its end"),
}


def planned_change(act: Mapping[str, Any], name: str, other: str, old: str | None) -> Message:
    """`name` is the group's as it is called now, `other` that of where it goes, `old` that of where it is (None: it is at the top)."""
    said = []
    if "parent_id" in act:
        said.append(_planned_move(act["parent_id"] is None, name, other, old))
    if "new_name" in act:
        said.append(Message("Rename the group {name} to {new}", name=name, new=act["new_name"]))
    if "ends_at" in act:
        said.append(
            Message("Take the end of the group {name} away", name=name)
            if act["ends_at"] is None
            else Message("Let the group {name} end on {day}", name=name, day=act["ends_at"])
        )
    if what := _others(act):
        said.append(Message("Change {what} of the group {name}", what=what, name=name))
    return joined(" · ", said) if said else Message("Change the group {name}", name=name)


def _planned_move(to_the_top: bool, name: str, other: str, old: str | None) -> Message:
    if to_the_top:
        if old is None:
            return Message("Move the group {name} to the top", name=name)
        return Message("Move the group {name} from {old} to the top", name=name, old=old)
    if old is None:
        return Message("Move the group {name} under {other}", name=name, other=other)
    return Message("Move the group {name} from {old} to {other}", name=name, old=old, other=other)


def done_change(act: Mapping[str, Any], name: str, other: str) -> Message:
    """The same once it is done. Where the group was is not told: whoever moved it need not see that."""
    said = []
    if "parent_id" in act:
        said.append(
            Message("Moved the group {name} to the top", name=name)
            if act["parent_id"] is None
            else Message("Moved the group {name} under {other}", name=name, other=other)
        )
    if "new_name" in act:
        said.append(Message("Renamed the group {name} to {new}", name=name, new=act["new_name"]))
    if "ends_at" in act:
        said.append(Message("Changed when the group {name} ends", name=name))
    if what := _others(act):
        said.append(Message("Changed {what} of the group {name}", what=what, name=name))
    return joined(" · ", said) if said else Message("Changed the group {name}", name=name)


def _others(act: Mapping[str, Any]) -> Message | None:
    told = [_OTHERS[one] for one in act.get("changed") or () if one in _OTHERS]
    return joined(", ", told) if told else None
