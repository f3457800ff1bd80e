"""A rule as one sentence, in parts, so that every noun in it can be a link."""

from collections.abc import Collection, Mapping

import msgspec

from backend.rules.names import Names
from backend.rules.sentence_builder import AND, OR, Sentence
from backend.rules.sentence_parts import Part, Parts, merged, placed
from backend.rules.steps import Steps, finish
from backend.rules.tree import Block, Rule
from backend.words import Message

_NOBODY_YET = Message("Nobody yet")
_NOBODY = Message("Nobody")
_EVERYONE = Message("everyone")
# What is said of them is in the plural.
_ALL_PEOPLE = Message("all people")
_GROUPS = Message("people in {groups}")
_DIRECT_GROUPS = Message("people directly in {groups}")
_PLUS = Message(", plus ")
_EXCEPT = Message(", except ")


def describe(  # noqa: PLR0913 - the rule, and what its reader may read
    rule: Rule,
    names: Names,
    language: str = "en",
    *,
    people: Mapping[int, str] | None = None,
    sealed: Collection[int] = (),
    discreet: bool = False,
) -> str:
    """The rule as one sentence; see `describe_parts`."""
    parts = describe_parts(rule, names, language, people=people, sealed=sealed, discreet=discreet)
    return "".join(part.text for part in parts)


def describe_parts(  # noqa: PLR0913 - the rule, and what its reader may read
    rule: Rule,
    names: Names,
    language: str = "en",
    *,
    people: Mapping[int, str] | None = None,
    sealed: Collection[int] = (),
    discreet: bool = False,
) -> Parts:
    """The sentence in parts. A broken rule can be described too: what is gone is called so.

    `people` gives names of managers; `sealed` are groups that read "private group". To those who
    organise nothing it is `discreet`: neither segments nor managers are named.
    """
    return finish(
        describe_parts_steps(rule, names, language, people=people, sealed=sealed, discreet=discreet)
    )


def describe_parts_steps(  # noqa: PLR0913 - likewise
    rule: Rule,
    names: Names,
    language: str = "en",
    *,
    people: Mapping[int, str] | None = None,
    sealed: Collection[int] = (),
    discreet: bool = False,
) -> Steps[Parts]:
    """`describe_parts` in steps of a filter."""
    say = Sentence(names, language, people or {}, sealed, discreet=discreet)
    return merged((yield from _rule_steps(rule, say)))


def _rule_steps(rule: Rule, say: Sentence) -> Steps[Parts]:
    audiences: list[Parts] = []
    for i, block in enumerate(rule.blocks):
        said = yield from block_steps(block, say)
        audiences.append(placed(said, f"rule.blocks[{i}]"))
    if rule.include:
        count = len(rule.include)
        picked = Message.plural("{count} person picked by hand", "{count} people picked by hand", count)
        audiences.append(placed(say.filled(picked, count=[say.people_count(count)]), "rule.include"))
    if not audiences:
        return [say.text(_NOBODY if rule.nobody else _NOBODY_YET), Part(".")]
    sentence = say.joined(audiences, _PLUS)
    if rule.exclude:
        count = len(rule.exclude)
        left_out = Message.plural("{count} person", "{count} people", count)
        said = say.filled(left_out, count=[say.people_count(count)])
        sentence += [say.text(_EXCEPT), *placed(said, "rule.exclude")]
    first = sentence[0]
    sentence[0] = msgspec.structs.replace(first, text=first.text[:1].upper() + first.text[1:])
    return [*sentence, Part(".")]


def block_steps(block: Block, say: Sentence) -> Steps[Parts]:
    """The people of one block, in steps; the paths of its nouns begin within it."""
    if block.everyone:
        said = [say.text(_ALL_PEOPLE if block.filters else _EVERYONE)]
    else:
        message = _GROUPS if block.subgroups else _DIRECT_GROUPS
        said = say.filled(message, groups=placed(say.named(say.group, block.groups, OR), ".groups"))
    if block.filters:
        filters = []
        for i, found in enumerate(block.filters):
            filters.append(merged(placed(found.sentence(say), f".filters[{i}]")))
            yield
        said = merged([*said, Part(" "), *say.joined(filters, AND)])
    yield
    return said
