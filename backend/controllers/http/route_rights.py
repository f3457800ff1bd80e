"""Who may call a route: declared in its `opt`, checked before its handler, told in the OpenAPI document.

The middleware of `controllers/access/authentication.py` refuses whoever is not of the declared role, and tokens whose scope does not reach. What a path
names (`on`, `need`) only the service knows that loads it, through the access functions of `services/access/rights.py`; the
tests ask every operation as every role about what is theirs and what is not, and derive the answer from here.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec
from litestar import Litestar
from litestar.handlers import BaseRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from backend.controllers.http.route_options import UNREPEATABLE
from backend.services.access.rights import ActivityNeed, GroupNeed, LearnerNeed, SessionNeed

RIGHTS = "rights"
Role = Literal["public", "signed_in", "staff", "admin"]
# Where a route has no declaration: what Litestar adds by itself, such as OPTIONS.
_LITESTAR = "litestar."


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """Who may call a route.

    `role`: who may call. `on`, `need`: what the path names and what one must be allowed to do with it; `self` where
    it is about the caller alone. `reads`: it changes nothing although it is a POST, so tokens that may only read may
    use it, and it has no idempotency key.
    """

    role: Role
    on: str | None = None
    need: str | None = None
    reads: bool = False


def _opt(rights: Rights, *, repeatable: bool = True) -> dict[str, Any]:
    return {RIGHTS: rights} if repeatable else {RIGHTS: rights, UNREPEATABLE: True}


def public(*, repeatable: bool = True) -> dict[str, Any]:
    """Nobody need be signed in."""
    return _opt(Rights(role="public"), repeatable=repeatable)


def signed_in(*, reads: bool = False) -> dict[str, Any]:
    """Anybody who is signed in; a list holds what each may see."""
    return _opt(Rights(role="signed_in", reads=reads))


def oneself(*, repeatable: bool = True) -> dict[str, Any]:
    """Anybody who is signed in, about themselves alone."""
    return _opt(Rights(role="signed_in", on="self"), repeatable=repeatable)


def staff(*, reads: bool = False) -> dict[str, Any]:
    """Those who organise learning for others: platform and group admins, coaches, instructors, managers who may enroll."""
    return _opt(Rights(role="staff", reads=reads))


def admins(*, reads: bool = False) -> dict[str, Any]:
    """Platform admins."""
    return _opt(Rights(role="admin", reads=reads))


def group(need: GroupNeed) -> dict[str, Any]:
    """By what one may do with the path's group: see it, see who is in it (`members`), manage it."""
    return _opt(Rights(role="signed_in", on="group", need=need))


def groups_below() -> dict[str, Any]:
    """Whoever manages the group that is named in the body, and platform admins."""
    return _opt(Rights(role="staff", on="group", need="manage"))


def learner(need: LearnerNeed | Literal["edit"]) -> dict[str, Any]:
    """By what one may do with the path's learner: see them, edit them (people may change their own names), manage them."""
    return _opt(Rights(role="signed_in", on="learner", need=need))


def activity(need: ActivityNeed | Literal["take"]) -> dict[str, Any]:
    """By what one may do with the path's activity: see it, take it (who is enrolled), manage it."""
    return _opt(Rights(role="signed_in", on="activity", need=need))


def step(need: Literal["grade"]) -> dict[str, Any]:
    """By what one may do with the path's step: grade the people of a session that one coaches or instructs on it."""
    return _opt(Rights(role="staff", on="step", need=need))


def session(need: SessionNeed | Literal["exclude", "participants"], *, reads: bool = False) -> dict[str, Any]:
    """By what one may do with the path's session: see it, see a class of it, view who is in it, enroll in it, leave people out, manage it.

    `participants`: whoever views who is in it, enrolls in it (managers: their team) or instructs a class of it (its people).
    """
    return _opt(Rights(role="signed_in", on="session", need=need, reads=reads))


def method(need: Literal["see", "manage"], *, reads: bool = False) -> dict[str, Any]:
    """By what one may do with the path's enrollment method: whoever may enroll sees it, whom its rule is open to manages it."""
    return _opt(Rights(role="signed_in", on="method", need=need, reads=reads))


def enrollment(need: Literal["see", "view", "act", "unenroll"]) -> dict[str, Any]:
    """By what one may do with the path's enrollment: see it (the person's managers too), view what was done, act on it, end it."""
    return _opt(Rights(role="signed_in", on="enrollment", need=need))


def run(need: Literal["view", "undo", "decide"]) -> dict[str, Any]:
    """By what one may do with the path's run: see it, take it back, decide about it while it is held."""
    return _opt(Rights(role="signed_in", on="run", need=need))


def proposal(need: Literal["see", "decide"]) -> dict[str, Any]:
    """By what one may do with the path's proposal: its author sees it, whoever may do all of it decides."""
    return _opt(Rights(role="staff", on="proposal", need=need))


def jump() -> dict[str, Any]:
    """Whose audience has jumped, as long as it is theirs to decide about, and platform admins."""
    return _opt(Rights(role="staff", on="jump", need="dismiss"))


def token() -> dict[str, Any]:
    """One's own API token; platform admins any."""
    return _opt(Rights(role="signed_in", on="token", need="manage"))


def rights_of(opt: Mapping[str, Any]) -> Rights:
    """What a route declares; of what Litestar adds by itself (OPTIONS) that one must be signed in."""
    found: Rights = opt.get(RIGHTS, Rights(role="signed_in"))
    return found


def require_declared(routes: Iterable[BaseRoute]) -> None:
    """Raises `RuntimeError` for a route of ours that does not say who may call it: the application does not start."""
    silent = [f"{path} ({handler})" for path, handler in _ours(routes) if RIGHTS not in handler.opt]
    if silent:
        raise RuntimeError(f"routes that declare no rights (see route_rights.py): {', '.join(silent)}")


def document_rights(document: dict[str, Any], app: Litestar) -> None:
    """Give every operation of the OpenAPI document an `x-rights` with what its route declares."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        operations = document["paths"].get(route.path_format, {})
        for handler in route.route_handlers:
            for name in handler.http_methods:
                if name.lower() in operations and RIGHTS in handler.opt:
                    operations[name.lower()]["x-rights"] = msgspec.to_builtins(rights_of(handler.opt))


def _ours(routes: Iterable[BaseRoute]) -> Iterator[tuple[str, BaseRouteHandler]]:
    for route in routes:
        handlers: Iterable[BaseRouteHandler] = (
            route.route_handlers if isinstance(route, HTTPRoute) else [route.route_handler]  # type: ignore[attr-defined]  # every other kind has one
        )
        for handler in handlers:
            if not handler.fn.__module__.startswith(_LITESTAR):
                yield route.path, handler
