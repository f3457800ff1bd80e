"""Rules of one filter."""

from typing import Any

from backend.rules import Rule, convert


def filtered(**found: Any) -> Rule:
    """The rule of group 1 with this filter."""
    return convert({"blocks": [{"groups": [1], "filters": [found]}]})
