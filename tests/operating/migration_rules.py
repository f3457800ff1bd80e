"""What a migration may do while the previous release is at work: judged by the SQL that it sends."""

import re
from collections.abc import Iterator, Sequence

# Behind a migration that waits for a lock, everybody else waits too.
LONGEST_LOCK_SECONDS = 10
# Written above a statement, with the reason, it lets that statement pass.
ESCAPE = re.compile(r"--\s*allowed:\s*(\S.{19,})")
_NAME = r'(?:"?public"?\.)?"?(\w+)"?'
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|\"[^\"]*\"|;|[^-/$'\";]+|.", re.DOTALL
)
_VOLATILE = r"(random|clock_timestamp|gen_random_uuid|nextval|timeofday|muster_now)\s*\("

# What breaks the release before, or holds a lock for as long as a table is large.
REFUSED = (
    (r"\badd column\b(?!.*\bdefault\b).*\bnot null\b", "a column NOT NULL without a default: the previous release does not fill it"),
    (rf"\badd column\b.*\bdefault\b.*{_VOLATILE}", "a default that differs by row rewrites the table"),
    (r"\badd column\b.*(\bgenerated always as\b.*\bstored\b|\b(big|small)?serial\b)", "a column that is computed for every row rewrites the table"),
    (r"^drop (table|view|function|trigger|type|sequence|schema)\b", "the previous release may still use it: drop it one release later"),
    (r"\bdrop column\b", "the previous release may still use the column: drop it one release later"),
    (r"\bdrop default\b", "the previous release may rely on the default"),
    (r"\brename\b", "the previous release knows the old name"),
    (r"\balter( column)? \"?\w+\"?( set data)? type\b", "another type rewrites the table, and may break the previous release"),
    (r"\bset not null\b", "reads the whole table under a lock; the previous release may write nulls"),
    (r"\badd (constraint \"?\w+\"? )?(check|foreign key)\b(?!.*\bnot valid\b)", "reads the whole table under a lock: NOT VALID first, VALIDATE in a migration of its own"),
    (r"\badd (constraint \"?\w+\"? )?(unique|primary key|exclude)\b(?!.*\busing index\b)", "builds an index under a lock: CREATE INDEX CONCURRENTLY, then USING INDEX"),
    (r"^create (unique )?index (?!concurrently\b)", "builds an index under a lock: CONCURRENTLY, outside a transaction"),
    (r"^drop index (?!concurrently\b)", "waits for every reader under a lock: CONCURRENTLY, outside a transaction"),
    (r"^reindex\b(?!.*\bconcurrently\b)", "builds indexes under a lock"),
    (r"^(update|delete|truncate|merge)\b", "a backfill: in batches, outside migrations"),
    (r"^insert\b(?!.*\bvalues\b)", "a backfill: in batches, outside migrations"),
    (r"^(lock|cluster|vacuum full)\b", "keeps everybody out"),
    (r"^do\b", "what a DO block does cannot be read: write the statements"),
)  # fmt: skip
# These are harmless on a table that the same migration makes.
_TARGETS = (
    re.compile(rf"^alter table (?:if exists )?(?:only )?{_NAME}", re.IGNORECASE),
    re.compile(rf"^create (?:unique )?index .*?\bon (?:only )?{_NAME}", re.IGNORECASE | re.DOTALL),
    re.compile(rf"^insert into {_NAME}", re.IGNORECASE),
)
_MADE = re.compile(rf"^create table (?:if not exists )?{_NAME}", re.IGNORECASE)


def statements(sql: str) -> Iterator[tuple[str, str]]:
    """Each statement without comments and with the insides of its strings left out; and the comments before it."""
    text, comments = "", ""
    for match in _TOKEN.finditer(sql):
        token = match.group()
        if token == ";":
            if text.strip():
                yield " ".join(text.split()), comments
            text, comments = "", ""
        elif token.startswith(("--", "/*")):
            comments += token + "\n"
        elif token.startswith("'"):
            text += "''" if not token[1:-1].rstrip("s").isdigit() else token
        elif token.startswith("$") and len(token) > 1:
            text += "''"
        else:
            text += token
    if text.strip():
        yield " ".join(text.split()), comments


def objections(sent: Sequence[str]) -> list[str]:
    """What is wrong with a migration that sends these statements; empty when nothing is."""
    found, made, limited = [], set(), False
    for statement, comments in (one for sql in sent for one in statements(sql)):
        if limit := re.match(r"set (?:local )?lock_timeout (?:=|to) '(\d+)s'$", statement, re.IGNORECASE):
            limited = 0 < int(limit[1]) <= LONGEST_LOCK_SECONDS
            continue
        if table := _MADE.match(statement):
            made.add(table[1].lower())
            continue
        if ESCAPE.search(comments) or any(
            (t := one.match(statement)) and t[1].lower() in made for one in _TARGETS
        ):
            continue
        found += [
            f"{statement[:80]}: {why}"
            for pattern, why in REFUSED
            if re.search(pattern, statement, re.IGNORECASE)
        ]
    if not limited:
        found.append(f"it does not begin with SET LOCAL lock_timeout of at most {LONGEST_LOCK_SECONDS} s")
    return found
