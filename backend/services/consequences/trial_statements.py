"""SQL of trials: what a transaction has logged itself, before it is numbered."""

from backend.index.facts.changes import COLUMNS

# SQL: a look at the queue of the log.
NEWEST = "SELECT coalesce(max(id), 0) FROM outbox"

# A row knows the low half of its transaction's number; the high half is that of the current one, or the one before.
_NUMBER = "((t.now >> 32) << 32) + o.xmin::text::bigint"
# $1 the newest row before. Of those since, others' are seen only once they are committed.
# SQL: what only this transaction sees.
LOGGED_SINCE = f"""
SELECT {COLUMNS} FROM (
    SELECT 0::bigint AS seq, o.*, {_NUMBER} - CASE WHEN {_NUMBER} > t.now + 2147483648 THEN 4294967296 ELSE 0 END AS number
    FROM outbox o CROSS JOIN (SELECT pg_current_xact_id()::text::bigint AS now) t WHERE o.id > $1
) logged
WHERE pg_xact_status(number::text::xid8) = 'in progress' ORDER BY id
"""

# $1 runs.
# SQL: asked about many at once.
TOLD_SOONER = (
    "SELECT session_id, learner_id FROM notice WHERE run_id = ANY($1::bigint[]) AND kind = 'due_changed'"
)
