"""The short form of `make faults`: every kind of fault once, two processes of each role, a real mail server."""

from pathlib import Path

import pytest

from tests.faults.campaign import JUMPS, Campaign

PEOPLE = 200
SEED = 2026


@pytest.mark.timeout(300)
async def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, SEED, PEOPLE)
    async with campaign.running():
        await campaign.everything()
        # The other Redis, which can be behind a broken network.
        await campaign.jump(JUMPS[0])
        await campaign.strike("redis a black hole")
        await campaign.look(mail=True)
    assert campaign.ledger.acknowledged
    assert set(campaign.figures.kills.values()) == {1}
