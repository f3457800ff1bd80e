"""A mail server that misbehaves when told to."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from tests.harness.mail import SmtpSink

Manners = Literal["good", "451", "stall", "drop"]
STALL_POLL_SECONDS = 0.05


@dataclass
class RoughSink(SmtpSink):
    """`manners`: takes mail; defers it with 451; keeps silent after the final dot; takes it and drops the connection."""

    manners: Manners = "good"
    # Messages taken without a word: the sender has to send them again.
    dropped: int = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Called by aiosmtpd for every message."""
        if self.manners == "451":
            return "451 try again later"
        while self.manners == "stall":  # noqa: ASYNC110 - set from another thread
            await asyncio.sleep(STALL_POLL_SECONDS)
        if server.transport is None:
            # The sender has given up meanwhile.
            return "421 too late"
        answer = await super().handle_DATA(server, session, envelope)
        if self.manners == "drop":
            self.dropped += 1
            server.transport.abort()
        return answer

    def times(self) -> Counter[str]:
        """How often each Message-ID has arrived."""
        return Counter(str(delivery.message["Message-ID"]) for delivery in list(self.deliveries))

    def changed_between_repeats(self) -> list[str]:
        """Message-IDs that arrived with different contents or for different people."""
        seen: dict[str, tuple[Any, ...]] = {}
        found = []
        for delivery in list(self.deliveries):
            message_id = str(delivery.message["Message-ID"])
            said = (delivery.recipients, str(delivery.message["Subject"]), delivery.text)
            if seen.setdefault(message_id, said) != said:
                found.append(message_id)
        return found
