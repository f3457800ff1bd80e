"""What differs between two rules, part by part, in the words of their sentences.

Parts are told apart by what they mean: what only stands in another order differs in nothing. A block is compared with the one that
it has most in common with, a filter with another one of its type about the same thing.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import msgspec

from backend.rules.dependencies import spelled
from backend.rules.filters.base import Filter, in_order, replace
from backend.rules.filters.field import FieldFilter
from backend.rules.sentence_builder import AND, OR, Sentence
from backend.rules.sentence_parts import Parts, merged, placed
from backend.rules.sentences import block_steps
from backend.rules.steps import Steps
from backend.rules.tree import Block, Rule
from backend.words import Message

Change = Literal["added", "removed", "changed"]
RulePart = Literal[
    "block", "groups", "subgroups", "everyone", "filter", "values", "include", "exclude", "nobody"
]

_BLOCK_ADDED = Message("New: {block}")
_BLOCK_REMOVED = Message("Gone: {block}")
_IN_BLOCK = Message("Of {groups}: ")
_GROUPS_ADDED = Message("now also people in {groups}")
_GROUPS_REMOVED = Message("no longer people in {groups}")
_EVERYONE = Message("now everyone, whatever their groups")
_NOT_EVERYONE = Message("no longer everyone")
_SUBGROUPS = Message("now with subgroups")
_NO_SUBGROUPS = Message("now without subgroups")
_FILTER_ADDED = Message("now only those {filter}")
_FILTER_REMOVED = Message("no longer only those {filter}")
_FILTER_CHANGED = Message("now those {after}, in place of those {before}")
_VALUES_ADDED = Message("now also those {filter}")
_VALUES_REMOVED = Message("no longer those {filter}")
_INCLUDED = Message("picked by hand: {people}")
_NOT_INCLUDED = Message("no longer picked by hand: {people}")
_EXCLUDED = Message("left out by name: {people}")
_NOT_EXCLUDED = Message("no longer left out by name: {people}")
_NOBODY = Message("now nobody")
_SOMEBODY = Message("now somebody")
_EVERYONE_NOUN = Message("everyone")
_GONE = Message("somebody who is gone")


class Difference(msgspec.Struct, frozen=True):
    """One difference. `path` is the part in the newer rule, of what is gone in the older one; `parts` say it."""

    change: Change
    part: RulePart
    path: str
    parts: Parts


def differences_steps(before: Rule, after: Rule, say: Sentence) -> Steps[list[Difference]]:
    """What has to be done to `before` so that it means what `after` does, in steps. People whom the reader has no name of are not named."""
    found: list[Difference] = []
    if before.nobody != after.nobody:
        change: Change = "added" if after.nobody else "removed"
        found.append(_told(change, "nobody", "rule", [say.text(_NOBODY if after.nobody else _SOMEBODY)]))
    yield from _blocks_steps(before, after, say, found)
    _people("include", before.include, after.include, (_INCLUDED, _NOT_INCLUDED), say, found)
    _people("exclude", before.exclude, after.exclude, (_EXCLUDED, _NOT_EXCLUDED), say, found)
    return found


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _blocks_steps(before: Rule, after: Rule, say: Sentence, found: list[Difference]) -> Steps[None]:
    old, new = _unlike(before.blocks, after.blocks, _block_key)
    yield
    pairs = _pairs([_Seen(block) for _, block in old], [_Seen(block) for _, block in new], _common_of_blocks)
    yield
    several = max(len(before.blocks), len(after.blocks)) > 1
    told: list[tuple[int, Difference]] = []
    for here, there in pairs:
        (_, was), (i, now) = old[here], new[there]
        inside: list[Difference] = []
        yield from _inside_steps(was, now, i, say, inside)
        if several:
            inside = [msgspec.structs.replace(one, parts=_of_block(now, i, one.parts, say)) for one in inside]
        told += [(i, one) for one in inside]
    matched = {there for _, there in pairs}
    for place, (i, block) in enumerate(new):
        if place not in matched:
            said = yield from block_steps(block, say)
            parts = say.filled(_BLOCK_ADDED, block=placed(said, f"rule.blocks[{i}]"))
            told.append((i, _told("added", "block", f"rule.blocks[{i}]", parts)))
    found += [one for _, one in sorted(told, key=lambda pair: pair[0])]
    matched = {here for here, _ in pairs}
    for place, (i, block) in enumerate(old):
        if place not in matched:
            said = yield from block_steps(block, say)
            parts = say.filled(_BLOCK_REMOVED, block=_placeless(said))
            found.append(_told("removed", "block", f"rule.blocks[{i}]", parts))


def _of_block(block: Block, i: int, parts: Parts, say: Sentence) -> Parts:
    """With which of several blocks it is about."""
    groups = [say.text(_EVERYONE_NOUN)] if block.everyone else say.named(say.group, block.groups, OR)
    return [*say.filled(_IN_BLOCK, groups=placed(groups, f"rule.blocks[{i}].groups")), *parts]


def _inside_steps(was: Block, now: Block, i: int, say: Sentence, found: list[Difference]) -> Steps[None]:
    path = f"rule.blocks[{i}]"
    if was.everyone != now.everyone:
        change: Change = "added" if now.everyone else "removed"
        said = [say.text(_EVERYONE if now.everyone else _NOT_EVERYONE)]
        found.append(_told(change, "everyone", path, said))
    for change, message, groups in (
        ("added", _GROUPS_ADDED, _without(now.groups, was.groups)),
        ("removed", _GROUPS_REMOVED, _without(was.groups, now.groups)),
    ):
        if groups:
            said = say.filled(message, groups=say.named(say.group, groups, OR))
            where = placed(said, f"{path}.groups") if change == "added" else said
            found.append(_told(change, "groups", f"{path}.groups", where))
    if was.subgroups != now.subgroups and not (was.everyone and now.everyone):
        said = [say.text(_SUBGROUPS if now.subgroups else _NO_SUBGROUPS)]
        found.append(_told("changed", "subgroups", path, said))
    yield
    yield from _filters_steps(was, now, path, say, found)


# ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _filters_steps(was: Block, now: Block, path: str, say: Sentence, found: list[Difference]) -> Steps[None]:
    old, new = _unlike(was.filters, now.filters, spelled)
    yield
    both = _pairs([one for _, one in old], [one for _, one in new], _common_of_filters)
    pairs = {there: here for here, there in both}
    for place, (i, filter_) in enumerate(new):
        where = f"{path}.filters[{i}]"
        if place in pairs:
            found += _between(old[pairs[place]][1], filter_, where, say)
        else:
            parts = say.filled(_FILTER_ADDED, filter=placed(filter_.sentence(say), where))
            found.append(_told("added", "filter", where, parts))
        yield
    for place, (i, filter_) in enumerate(old):
        if place not in pairs.values():
            parts = say.filled(_FILTER_REMOVED, filter=filter_.sentence(say))
            found.append(_told("removed", "filter", f"{path}.filters[{i}]", _placeless(parts)))
            yield


def _between(was: Filter, now: Filter, path: str, say: Sentence) -> list[Difference]:
    """Which values one names that the other does not, where that is all; otherwise both."""
    name = _list_of(now)
    if name is not None and _is_a_set(was, name) and _is_a_set(now, name):
        before, after = getattr(was, name), getattr(now, name)
        if spelled(replace(was, **{name: after})) == spelled(now) and _common(before, after):
            told = []
            if more := _without(after, before):
                said = placed(replace(now, **{name: more}).sentence(say), path)
                told.append(_told("added", "values", path, say.filled(_VALUES_ADDED, filter=said)))
            if less := _without(before, after):
                said = _placeless(replace(was, **{name: less}).sentence(say))
                told.append(_told("removed", "values", path, say.filled(_VALUES_REMOVED, filter=said)))
            return told
    parts = say.filled(
        _FILTER_CHANGED, before=_placeless(was.sentence(say)), after=placed(now.sentence(say), path)
    )
    return [_told("changed", "filter", path, parts)]


def _list_of(found: Filter) -> str | None:
    """The field that holds what it names; None where it holds filters, or no list."""
    lists = [name for name in found.__struct_fields__ if isinstance(getattr(found, name), list)]
    return lists[0] if len(lists) == 1 and lists != ["of"] else None


def _is_a_set(found: Filter, name: str) -> bool:
    """Whether the order of what it names means nothing; the ends of a range are no set."""
    values = getattr(found, name)
    turned = replace(found, **{name: values[::-1]})
    return len(values) < 2 or spelled(turned) == spelled(found)


def _common_of_filters(was: Filter, now: Filter) -> int:
    """How much they have in common; 0: they are about different things."""
    if type(was) is not type(now):
        return 0
    if isinstance(was, FieldFilter) and isinstance(now, FieldFilter) and was.field != now.field:
        return 0
    names = [name for name in now.__struct_fields__ if not isinstance(getattr(now, name), list)]
    alike = sum(bool(getattr(was, name) == getattr(now, name)) for name in names)
    listed = _list_of(now)
    return 1 + alike + (_common(getattr(was, listed), getattr(now, listed)) if listed is not None else 0)


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _people(  # noqa: PLR0913, PLR0917 - both lists, their words, and where it goes
    part: Literal["include", "exclude"],
    before: list[int],
    after: list[int],
    words: tuple[Message, Message],
    say: Sentence,
    found: list[Difference],
) -> None:
    path = f"rule.{part}"
    for change, message, people in (
        ("added", words[0], _without(after, before)),
        ("removed", words[1], _without(before, after)),
    ):
        if people:
            named = say.named(lambda one: _person(one, say), people, AND)
            said = say.filled(message, people=named)
            where = placed(said, path) if change == "added" else said
            found.append(_told(change, part, path, where))  # type: ignore[arg-type]  # of the two


def _person(learner_id: int, say: Sentence) -> Any:
    return say.person(learner_id) if learner_id in say.people else say.text(_GONE)


# ── comparing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _told(change: Change, part: RulePart, path: str, parts: Parts) -> Difference:
    return Difference(change, part, path, parts)


def _placeless(parts: Parts) -> Parts:
    """What is gone has no place in the newer rule."""
    return [msgspec.structs.replace(part, path=None) for part in parts]


def said(difference: Difference) -> str:
    """The difference as a sentence."""
    text = "".join(part.text for part in merged(difference.parts))
    return text[:1].upper() + text[1:]


def _unlike(
    before: Sequence[Any], after: Sequence[Any], key: Callable[[Any], bytes]
) -> tuple[list[tuple[int, Any]], list[tuple[int, Any]]]:
    """Both without what each has as often as the other, with their places."""
    old: dict[bytes, list[int]] = {}
    for i, one in enumerate(before):
        old.setdefault(key(one), []).append(i)
    new = []
    for i, one in enumerate(after):
        same = old.get(key(one))
        if same:
            same.pop(0)
        else:
            new.append((i, one))
    left = sorted(i for places in old.values() for i in places)
    return [(i, before[i]) for i in left], new


def _pairs(
    old: Sequence[Any], new: Sequence[Any], common: Callable[[Any, Any], int]
) -> list[tuple[int, int]]:
    """Which belong together: those first that have most in common, of equal ones those that stand first."""
    scores = [
        (-score, here, there)
        for here, was in enumerate(old)
        for there, now in enumerate(new)
        if (score := common(was, now)) > 0
    ]
    taken: set[int] = set()
    used: set[int] = set()
    pairs = []
    for _, here, there in sorted(scores):
        if here not in taken and there not in used:
            taken.add(here)
            used.add(there)
            pairs.append((here, there))
    return pairs


def _block_key(block: Block) -> bytes:
    filters = sorted(spelled(one) for one in block.filters)
    return msgspec.json.encode(
        (in_order(block.groups), block.subgroups, block.everyone, [one.decode() for one in filters])
    )


class _Seen:
    """What blocks are compared by, told once: there may be a hundred on each side."""

    def __init__(self, block: Block) -> None:
        self.groups = frozenset(block.groups)
        self.everyone = block.everyone
        self.filters = frozenset(spelled(one) for one in block.filters)


def _common_of_blocks(was: _Seen, now: _Seen) -> int:
    """Groups weigh more than filters: they say who a block is about. One that keeps its filters for other groups is still the same."""
    groups = len(was.groups & now.groups) + (was.everyone and now.everyone)
    return 2 * groups + len(was.filters & now.filters)


def _common(one: Iterable[Any], other: Iterable[Any]) -> int:
    return len({_typed(value) for value in one} & {_typed(value) for value in other})


def _without(one: Sequence[Any], other: Iterable[Any]) -> list[Any]:
    gone = {_typed(value) for value in other}
    return [value for value in one if _typed(value) not in gone]


def _typed(value: Any) -> tuple[bool, Any]:
    # True and 1 are equal to Python and different in a rule.
    return isinstance(value, bool), value
