"""Options of a field inside stored rules: where one gets another name."""

from typing import Any


def with_option(stored: Any, field_id: int, option: str, *others: str) -> Any:
    """The same JSON with `others` in the place of an option in every filter of the field, wherever rules are inside it."""
    if isinstance(stored, list):
        return [with_option(one, field_id, option, *others) for one in stored]
    if not isinstance(stored, dict):
        return stored
    made = {key: with_option(value, field_id, option, *others) for key, value in stored.items()}
    values = made.get("values")
    if made.get("type") == "field" and made.get("field") == field_id and isinstance(values, list):
        made["values"] = _put(values, option, others)
    return made


def _put(values: list[Any], option: str, others: tuple[str, ...]) -> list[Any]:
    if option not in values:
        return values
    put: list[Any] = []
    for value in values:
        put += [one for one in (others if value == option else (value,)) if one not in put]
    return put
