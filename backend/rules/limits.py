"""How large a rule may be. Generous, stated, and each with its reason: more is a clear error, not a slow page."""

# One rule over every group of a very large organisation; 5,000 groups count in well under 50 ms.
GROUPS = 5_000
# Pasting a whole department by hand; beyond that a group or a sheet is the better tool.
HAND_PICKED = 20_000
# What a person can still read; each block has a funnel of its own on the screen.
BLOCKS = 100
# Likewise, counted with the filters nested inside others.
FILTERS = 50
# any/all/none inside one another; deeper is not understood by anybody, and recursion stays bounded.
DEPTH = 8
# Values, paths, certificates, managers or segments in one filter (a pasted column of values).
VALUES = 5_000
# Values, paths, certificates, managers, segments and groups in the filters of a whole rule: twenty pasted columns. Each is looked
# up, spelled and asked about, a tenth of a second together.
RULE_VALUES = 100_000
# Characters of one text value; the longest that a choice or search is meant for.
TEXT = 1_000
# "Added in the last N days", and dates so many days from today: a century.
LAST_DAYS = 36_500
# "Has its anniversary within N days": a year, beyond which everybody has one.
ANNIVERSARY_DAYS = 366
# "Expires within N days": ten years.
EXPIRING_DAYS = 3_650
# The largest rule that keeps the limits above (groups and people as numbers) takes about 600 KB.
BODY_BYTES = 2_000_000
# Brackets inside brackets in a body: every filter level costs two, and there is the envelope around the rule.
BODY_DEPTH = 2 * DEPTH + 16
# Ids are PostgreSQL integers.
ID = 2**31 - 1
# Problems told at once; whoever mends these asks again.
PROBLEMS = 200
