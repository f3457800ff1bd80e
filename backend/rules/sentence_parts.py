"""The pieces that a sentence about a rule is made of, so that every noun in it can be a link."""

import msgspec


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of the sentence; with a `kind` it is a noun.

    It is the name of what `id` names (group, field, activity, certificate, segment, learner), a `value` or `language`, or
    a number of `people`. `path` is the part of the rule that it comes from, such as `rule.blocks[0].filters[1]`.
    """

    text: str
    kind: str | None = None
    id: int | None = None
    path: str | None = None


Parts = list[Part]


def merged(parts: Parts) -> Parts:
    """The same sentence: plain text that follows plain text joins it."""
    found: Parts = []
    for part in parts:
        if found and found[-1].kind is None and part.kind is None:
            found[-1] = Part(found[-1].text + part.text)
        else:
            found.append(part)
    return found


def placed(parts: Parts, path: str) -> Parts:
    """The same sentence, said of what stands at `path`: that goes before the paths that its nouns have already."""
    return [
        part if part.kind is None else msgspec.structs.replace(part, path=path + (part.path or ""))
        for part in parts
    ]
