"""The same rules as SQL that PostgreSQL and DuckDB both understand, for the filters that the benchmark uses."""

from collections.abc import Iterable, Sequence

from backend.index import FacetIndex
from backend.rules import (
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    PathResultFilter,
    Rule,
)

# What DuckDB is given; PostgreSQL has these and the schema's indexes.
TABLES = {
    "learner": "SELECT id, status, language FROM learner",
    "membership": "SELECT group_id, learner_id FROM membership ORDER BY 1, 2",
    "field_value": "SELECT field_id, learner_id, text_value, number_value FROM field_value ORDER BY 1, 2",
    "standing": "SELECT activity_id, learner_id, status, successful FROM standing ORDER BY 1, 2",
    "award": "SELECT DISTINCT ON (certificate_id, learner_id) certificate_id, learner_id, expires_at FROM award"
    " ORDER BY certificate_id, learner_id, issued_at DESC, id DESC",
}
# Beyond the schema's own, what an expert would add for these questions.
INDEXES = (
    "CREATE INDEX IF NOT EXISTS bench_number ON field_value (field_id, number_value, learner_id)",
    "CREATE INDEX IF NOT EXISTS bench_text ON field_value (field_id, text_value, learner_id)",
    "CREATE INDEX IF NOT EXISTS bench_standing ON standing (activity_id, status, learner_id)",
    "VACUUM ANALYZE",
)


def count_of(rule: Rule, index: FacetIndex) -> str:
    """`SELECT count(*)` of the rule's people; ids are numbers of our own, texts are quoted."""
    blocks = [_block(block, index) for block in rule.blocks]
    where = " OR ".join(f"({block})" for block in blocks) or "false"
    if rule.exclude:
        where = f"({where}) AND l.id NOT IN ({_numbers(rule.exclude)})"
    return f"SELECT count(*) FROM learner l WHERE l.status IN ('invited', 'active') AND ({where})"


def _block(block: Block, index: FacetIndex) -> str:
    parts = [_members(block.groups, index)]
    parts += [_filter(found, index) for found in block.filters]
    return " AND ".join(parts)


def _members(groups: Iterable[object], index: FacetIndex) -> str:
    wanted = {inner for group in groups for inner in index.structure.descendants(int(str(group)))}
    return f"l.id IN (SELECT learner_id FROM membership WHERE group_id IN ({_numbers(sorted(wanted))}))"


def _filter(found: Filter, index: FacetIndex) -> str:
    match found:
        case FieldFilter():
            return _field(found)
        case GroupFilter():
            return ("" if found.op == "in" else "NOT ") + _members(found.groups, index)
        case PathResultFilter():
            status = found.status.removeprefix("not_")
            holds = (
                "successful"
                if status == "successful"
                else "true"
                if status == "started"
                else f"status = '{status}'"
            )
            rows = f"SELECT 1 FROM standing s WHERE s.learner_id = l.id AND {holds} AND s.activity_id"
            return _each(rows, found.paths, negated=found.status.startswith("not_"), match=found.match)
        case CertificateFilter():
            holds = {
                "not_obtained": "true",
                "valid": "(a.expires_at IS NULL OR a.expires_at >= now())",
                "expired": "a.expires_at < now()",
            }[found.status]
            rows = f"SELECT 1 FROM award a WHERE a.learner_id = l.id AND {holds} AND a.certificate_id"
            return _each(rows, found.certificates, negated=found.status == "not_obtained", match=found.match)
        case LanguageFilter():
            return f"l.language {'IN' if found.op == 'in' else 'NOT IN'} ({_texts(found.values)})"
        case _:
            raise NotImplementedError(found)


def _each(rows: str, wanted: Sequence[object], *, negated: bool, match: str) -> str:
    """The status is asked of each of `wanted`. Where one look at all of them tells the same, an expert would write that."""
    if negated == (match == "all"):
        return f"{'NOT ' if negated else ''}EXISTS ({rows} IN ({_numbers(wanted)}))"
    each = [f"{'NOT ' if negated else ''}EXISTS ({rows} = {_numbers([one])})" for one in wanted]
    return f"({(' AND ' if match == 'all' else ' OR ').join(each)})"


def _field(found: FieldFilter) -> str:
    numbers = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
    if found.op in numbers:
        holds = f"v.number_value {numbers[found.op]} {float(found.values[0])}"
    elif found.op in {"is_set", "is_empty"}:
        holds = "true"
    else:
        holds = f"v.text_value IN ({_texts(found.values)})"
    negated = "NOT " if found.op in {"not_in", "is_empty"} else ""
    return f"{negated}EXISTS (SELECT 1 FROM field_value v WHERE v.learner_id = l.id AND v.field_id = {found.field} AND {holds})"


def _numbers(values: Iterable[object]) -> str:
    return ", ".join(str(int(str(value))) for value in values)


def _texts(values: Iterable[object]) -> str:
    return ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)
