"""What rules are written with: ids, references, values of fields."""

from typing import Annotated, Literal

from msgspec import Meta

from backend.rules.limits import ID

Id = Annotated[int, Meta(ge=1, le=ID)]
# An id, or the external id (of groups, activities, certificates) or key (of fields) that stands for it.
Reference = Annotated[int, Meta(ge=1, le=ID)] | Annotated[str, Meta(min_length=1, max_length=1_000)]
Value = str | int | float | bool
Match = Literal["any", "all"]
Membership = Literal["in", "not_in"]
