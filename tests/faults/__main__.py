"""`python -m tests.faults [--kills 200] [--seed N] [--people N]`: the long form; prints its seed first and its figures last."""

import argparse
import asyncio
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from tests.faults.campaign import JUMPS, KILLS_A_ROUND, ROUNDS_A_JUMP, Campaign
from tests.faults.disk import small_disk

# More than one chunk of a large run.
PEOPLE = 6_000


async def play(campaign: Campaign, kills: int) -> None:
    """Rounds until so many were killed, a clock jump every few rounds, and all mail at the end."""
    async with campaign.running():
        await campaign.look(mail=False)
        while (done := campaign.figures.kills.total()) < kills:
            await campaign.round(min(KILLS_A_ROUND, kills - done))
            await campaign.look(mail=False)
            if campaign.figures.looks % ROUNDS_A_JUMP == 0:
                await campaign.jump(campaign.chance.choice(JUMPS))
                await campaign.look(mail=False)
        await campaign.to_the_end()


def main() -> None:
    """Play one campaign; what it wrote stays where it was when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--people", type=int, default=PEOPLE)
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    directory = Path(tempfile.mkdtemp(prefix="muster-faults-"))
    # Root's servers run as another user.
    directory.chmod(0o711)
    with small_disk(directory) as disk:
        if disk is None:
            print("mounting is not allowed here: no full disks", flush=True)
        campaign = Campaign(directory, options.seed, options.people, disk)
        try:
            asyncio.run(play(campaign, options.kills))
        except AssertionError as error:
            kept = shutil.copytree(
                directory, f"{directory}-kept", ignore=shutil.ignore_patterns("run", "cluster")
            )
            sys.exit(f"{error}\nwhat it wrote is in {kept}")
    for name, value in campaign.figures.rows(campaign.ledger, campaign.sink):
        print(f"| {name} | {value} |")
    shutil.rmtree(directory)


if __name__ == "__main__":
    main()
