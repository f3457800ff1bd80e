"""What a jump of an audience's size is told with: how much, what is usual, and which facts moved how many."""

from collections.abc import Mapping, Sequence

from backend.enrollment.audience_sizes import SizeCause
from backend.words import Message, joined

# Of one jump; whoever wants to know more looks at its runs.
MOST_TOLD = 5

_NAMED = {
    "membership": Message("members of “{name}” changed"),
    "field": Message("the field “{name}” changed"),
    "result": Message("results on “{name}” changed"),
    "award": Message("certificates “{name}” changed"),
    "enrollment": Message("enrollments in “{name}” changed"),
    "exclusion": Message("exclusions from “{name}” changed"),
    "learner_group": Message("the group “{name}” was moved, has ended or is gone"),
    "segment": Message("the segment “{name}” was changed"),
}
_UNNAMED = {
    "status": Message("accounts were approved, suspended or closed"),
    "language": Message("languages changed"),
    "manager": Message("managers changed"),
    "added": Message("people were added"),
    "day": Message("time passed"),
}
_UNKNOWN = Message("for other reasons")


def _what(cause: SizeCause) -> Message:
    facet = cause.facet or ""
    if cause.name and facet in _NAMED:
        return _NAMED[facet].fill(name=cause.name)
    return _UNNAMED.get(facet, _UNKNOWN)


def causes_sentence(causes: Sequence[SizeCause], acts: Mapping[int, str]) -> Message:
    """“540 people: members of “Sales” changed (Applied the sheet staff.csv)”. `acts`: those that the reader may know of, in words."""
    told = [_cause(one, acts) for one in causes[:MOST_TOLD]]
    rest = sum(one.people for one in causes[MOST_TOLD:])
    if rest:
        told.append(_cause(SizeCause(None, None, None, None, rest), {}))
    return joined("; ", told)


def _cause(cause: SizeCause, acts: Mapping[int, str]) -> Message:
    act = acts.get(cause.act) if cause.act is not None else None
    if act is None:
        return Message.plural(
            "{count:,} person: {what}", "{count:,} people: {what}", cause.people, what=_what(cause)
        )
    return Message.plural(
        "{count:,} person: {what} ({act})",
        "{count:,} people: {what} ({act})",
        cause.people,
        what=_what(cause),
        act=act,
    )


def jump_sentence(net: int, low: int, high: int, causes: Message | None) -> Message:
    """How much more or fewer than the day before, what is usual, and because of what."""
    more = Message.plural("{count:,} person more in a day", "{count:,} people more in a day", net)
    fewer = Message.plural("{count:,} person fewer in a day", "{count:,} people fewer in a day", -net)
    change = more if net > 0 else fewer
    if causes is None:
        return Message("{change}; usual are \u2212{low:,} to +{high:,}.", change=change, low=-low, high=high)
    return Message(
        "{change}; usual are \u2212{low:,} to +{high:,}. {causes}.",
        change=change,
        low=-low,
        high=high,
        causes=causes,
    )
