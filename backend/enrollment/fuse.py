"""The fuses: a dynamic change that is large in number and in proportion waits for a person, in either direction."""

from datetime import timedelta

from msgspec import Struct

# Removals of one method within this time are one removal: a mistake that arrives row by row is still one mistake.
WINDOW = timedelta(seconds=60)
# Likewise for who enters a session: imports take their time, and mail is sent at full hours.
ENTRY_WINDOW = timedelta(hours=1)


class Fuse(Struct, frozen=True, kw_only=True):
    """Above what numbers of people nothing goes unasked.

    A removal is held above `count` people *and* above `percent` of those there were, or above `most` people, whatever
    their share. Entering is held above `entering` people who more than double those there were.
    """

    count: int = 50
    percent: float = 10.0
    most: int = 1_000
    entering: int = 1_000

    def removal_exceeds(self, *, leaving: int, left_lately: int, remaining: int) -> bool:
        """Whether `leaving` more people may not lose access unasked.

        `left_lately` have gone within `WINDOW`, `remaining` hold the method's source now (those leaving included).
        """
        together = leaving + left_lately
        there_were = remaining + left_lately
        large = together > self.count and together * 100 > self.percent * there_were
        return leaving > 0 and (large or together > self.most)

    def entry_exceeds(self, *, entering: int, entered_lately: int, enrolled: int) -> bool:
        """Whether `entering` more people may not be enrolled unasked.

        `entered_lately` have come within `ENTRY_WINDOW` without a person's confirmation, `enrolled` are in the session
        now (those included).
        """
        together = entering + entered_lately
        return entering > 0 and together > self.entering and together > enrolled - entered_lately
