"""The kinds of enrollment methods, each a module of its own; docs/how-to/add-a-method.md adds one. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from backend.enrollment.method_kinds.audience import Audience
from backend.enrollment.method_kinds.catalog import Catalog
from backend.enrollment.method_kinds.chain import Chain
from backend.enrollment.method_kinds.group import Group
from backend.enrollment.method_kinds.kind import Definition, KindName, MethodKind, ReasonNames
from backend.enrollment.method_kinds.manual import Manual
from backend.enrollment.method_kinds.segment import Segment
from backend.enrollment.method_kinds.segment_group import SegmentGroup
from backend.enrollment.method_kinds.self_enrollment import SelfEnrollment
from backend.enrollment.method_kinds.subpath import Subpath

__all__ = [
    "METHOD_KINDS",
    "Definition",
    "KindName",
    "MethodKind",
    "ReasonNames",
    "enrolls",
    "kind_noun",
    "of_enrolled",
    "of_session",
]

METHOD_KINDS: Mapping[str, MethodKind] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            Manual(),
            Audience(),
            Group(),
            Segment(),
            SegmentGroup(),
            Chain(),
            SelfEnrollment(),
            Subpath(),
            Catalog(),
        )
    }
)


def enrolls(name: str) -> bool:
    """Whether a method of the kind enrolls those whom it holds; others put them into a class, or show them the session."""
    kind = METHOD_KINDS.get(name)
    return kind is None or kind.enrolls


def of_enrolled(name: str) -> bool:
    """Whether a method of the kind holds only who is enrolled in another way."""
    kind = METHOD_KINDS.get(name)
    return kind is not None and kind.of_enrolled


def of_session(name: str) -> bool:
    """Whether a method of the kind is a part of its session: see `MethodKind.of_session`."""
    kind = METHOD_KINDS.get(name)
    return kind is not None and kind.of_session


def kind_noun(name: str) -> str:
    """A kind within a sentence; a name that is none as it stands."""
    kind = METHOD_KINDS.get(name)
    return name if kind is None else kind.noun
