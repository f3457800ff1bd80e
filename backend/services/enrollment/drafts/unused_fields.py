"""What was asked of a method that its kind has no use for: refused, for accepted and ignored it would enroll others than meant."""

import msgspec

from backend.enrollment.method_kinds import METHOD_KINDS, Definition
from backend.rules import Rule
from backend.schemas.enrollment import MethodKind
from backend.schemas.enrollment.methods import Policy
from backend.schemas.problem import Mistake
from backend.words import Message


def find_unused_fields(policy: Policy, kind: MethodKind, method: Definition) -> list[Mistake]:
    """Everything in `policy` that the method, of this kind, would ignore, or cannot do yet. Null asks for nothing."""
    found = [
        Mistake(path=name, code=f"not_{other.name}", message=own.elsewhere)
        for other in METHOD_KINDS.values()
        if (own := other.own_fields) is not None and other.name != kind
        for name in own.names
        if name not in METHOD_KINDS[kind].shares
        if getattr(policy, name) not in {None, msgspec.UNSET}
    ]
    if isinstance(policy.recertify_months, int):
        found.append(
            Mistake(
                path="recertify_months",
                code="not_supported",
                message=Message("Recertification is not available yet: leave it out."),
            )
        )
    if isinstance(policy.rule, Rule):
        found += [
            Mistake(path=part.path, code=part.code, message=part.message)
            for part in METHOD_KINDS[kind].unused_parts(policy.rule, method)
        ]
    return found
