"""A method in a sentence, in the reader's language: on the method's card and as the reason in a catalog."""

from collections.abc import Callable, Collection

from backend.database import Row
from backend.enrollment.method_kinds import METHOD_KINDS
from backend.index import FacetIndex
from backend.index.steps import Steps
from backend.rules import InvalidRule, Rule, convert, describe_parts_steps
from backend.words import Message

BROKEN = Message("The audience's rule has to be mended.")


def sentence_steps(  # noqa: PLR0913 - the method, and what its reader may read
    row: Row,
    index: FacetIndex,
    language: str,
    sealed: Collection[int] = (),
    part: Callable[[Rule], Rule] = lambda rule: rule,
    *,
    discreet: bool = False,
) -> Steps[str]:
    """What the method's row says of who is enrolled by it, or `part` of it; `sealed` groups keep their names.

    In steps, for a rule of thousands of filters takes a tenth of a second to say. `discreet`: said to those who organise nothing (see `describe_parts`).
    """
    fixed = METHOD_KINDS[row["kind"]].sentence(row["name"], row["key"])
    if fixed is not None:
        return fixed.render(language)
    try:
        rule = convert(row["rule"])
    except InvalidRule:
        return BROKEN.render(language)
    yield
    parts = yield from describe_parts_steps(part(rule), index, language, sealed=sealed, discreet=discreet)
    return "".join(one.text for one in parts)
