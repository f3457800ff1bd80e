"""A second, plain implementation of who is in an audience, to hold the fast one against.

`World` keeps facts in one dictionary and writes down every change like the log does; `audience` and `holds` answer
with loops over it; `worlds` and `rules` make random ones.
"""

from tests.naive.asking import rules
from tests.naive.evaluator import audience, audience_of_block, fact_day, holds, in_block, in_groups
from tests.naive.making import Sizes, change_something, make_world
from tests.naive.world import World

__all__ = [
    "Sizes",
    "World",
    "audience",
    "audience_of_block",
    "change_something",
    "fact_day",
    "holds",
    "in_block",
    "in_groups",
    "make_world",
    "rules",
]
