"""Mail that falls due while its person does not count, or is suspended in the session, waits and comes back with them."""

import secrets
from collections.abc import Sequence

from backend.database import execute, fetch

# $1 messages that are due. Alerts are about the moment, and wait for nobody.
_INACTIVE = """
UPDATE message m SET state = 'dormant' FROM learner l
WHERE m.id = ANY($1::bigint[]) AND l.id = m.learner_id AND l.status NOT IN ('invited', 'active') AND m.kind <> 'alert'
RETURNING m.id
"""
# Those about an enrollment that is suspended now; `whole`: the message has nothing else to tell.
_SUSPENDED = """
SELECT n.id, n.message_id, bool_and(e.state = 'suspended') OVER (PARTITION BY n.message_id) AS whole,
       e.state = 'suspended' AS suspended
FROM notice n JOIN enrollment e ON e.session_id = n.session_id AND e.learner_id = n.learner_id
WHERE n.message_id = ANY($1::bigint[]) AND n.cancelled_at IS NULL
"""
# $1 notices, $2 the beginning of Message-IDs. They get messages of their own, for the rest of theirs goes out.
_SET_APART = """
WITH apart AS (
    SELECT n.id, m.id AS message_id, m.learner_id, m.kind, m.due_at, m.created_at
    FROM notice n JOIN message m ON m.id = n.message_id WHERE n.id = ANY($1::bigint[])
), made AS (
    INSERT INTO message (learner_id, kind, due_at, state, message_id, created_at)
    SELECT DISTINCT ON (message_id) learner_id, kind, due_at, 'dormant', $2 || '.' || message_id, created_at
    FROM apart ORDER BY message_id
    RETURNING id, message_id
)
UPDATE notice n SET message_id = d.id FROM apart a JOIN made d ON d.message_id = $2 || '.' || a.message_id WHERE n.id = a.id
"""


async def put_to_sleep(message_ids: Sequence[int]) -> list[int]:
    """Of messages that are due, in the caller's transaction, those that go out; the others wait for their people."""
    asleep = {row["id"] for row in await fetch(_INACTIVE, list(message_ids))}
    rest = [one for one in message_ids if one not in asleep]
    suspended = [row for row in await fetch(_SUSPENDED, rest) if row["suspended"]]
    whole = {row["message_id"] for row in suspended if row["whole"]}
    if whole:
        await execute("UPDATE message SET state = 'dormant' WHERE id = ANY($1::bigint[])", list(whole))
    apart = [row["id"] for row in suspended if not row["whole"]]
    if apart:
        await execute(_SET_APART, apart, secrets.token_hex(12))
    return [one for one in rest if one not in whole]


async def wake(learner_ids: Sequence[int]) -> None:
    """They are in again: what waits for them is due, one message of each kind. Accounts that come back wake theirs by a trigger."""
    await execute("SELECT wake_messages($1::integer[])", list(learner_ids))
