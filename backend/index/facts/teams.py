"""Who reports to whom, at any height."""

from collections.abc import Iterable, Iterator, Mapping

from pyroaring import BitMap

from backend.index.facts.structure import seen_while_growing


def reports_below(teams: Mapping[int, BitMap], managers: Iterable[int]) -> Iterator[BitMap]:
    """Of `teams` by manager those of these people, and those below them; each once, even if they go round in a circle."""
    bosses = BitMap(teams)
    waiting = dict.fromkeys(managers)
    for boss in seen_while_growing(waiting):
        team = teams.get(boss)
        if team is not None:
            yield team
            waiting.update(dict.fromkeys(team & bosses))
