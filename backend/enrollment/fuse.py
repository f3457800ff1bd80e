"""The fuse: a dynamic removal that is large in number and in proportion waits for a person."""

from datetime import timedelta

# Removals of one method within this time are one removal: a mistake that arrives row by row is still one mistake.
WINDOW = timedelta(seconds=60)


def blows(*, leaving: int, left_lately: int, remaining: int, most: int, percent: float) -> bool:
    """Whether `leaving` more people may not go unasked.

    `left_lately` have gone within `WINDOW`, `remaining` hold the method's source now (those leaving included). The
    fuse blows above `most` people *and* above `percent` of those there were.
    """
    together = leaving + left_lately
    there_were = remaining + left_lately
    return leaving > 0 and together > most and together * 100 > percent * there_were
