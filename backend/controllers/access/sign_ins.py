"""`/auth`: sign-in, sign-out, invitations, who am I."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from backend.controllers.access.authentication import CurrentActor, device_cookie, session_cookie
from backend.controllers.http import route_rights as rights
from backend.controllers.http.bodies import SIGN_IN, body_up_to
from backend.controllers.http.parameters import CurrentSettings
from backend.schemas.access import InvitationInput, InvitedPerson, Me, PasswordInput, SignInInput
from backend.services.access import known_devices, sign_ins
from backend.services.access.sign_ins import Origin
from backend.services.errors import NotSignedIn
from backend.services.people import own_account as me_service
from backend.settings import Settings

TAGS = ["Signing in"]
ANYBODY = rights.public(repeatable=False) | body_up_to(SIGN_IN)

AnyRequest = Request[Any, Any, Any]


async def _signed_in(request: AnyRequest, secret: str, settings: Settings, *cookies: Cookie) -> Response[Me]:
    actor = await sign_ins.authenticate(cookie=secret)
    if actor is None:
        raise NotSignedIn
    answer = await me_service.me(actor, smtp=settings.smtp_url is not None)
    return Response(answer, cookies=[session_cookie(request, secret), *cookies])


def _origin(request: AnyRequest, settings: Settings) -> Origin:
    return Origin(
        # Behind a proxy of MUSTER_TRUSTED_PROXIES it is the client's own, see app.py.
        address=request.client.host if request.client else "local",
        device=request.cookies.get(known_devices.COOKIE),
        secret=settings.secret(),
    )


@post("/auth/login", operation_id="signIn", opt=ANYBODY, tags=TAGS, status_code=HTTP_200_OK)
async def sign_in(
    data: JSONBody[SignInInput], request: AnyRequest, settings: CurrentSettings
) -> Response[Me]:
    """Sign in: sets the cookie `muster_session`."""
    done = await sign_ins.sign_in(
        _origin(request, settings),
        data.email,
        data.password,
        previous=request.cookies.get(sign_ins.COOKIE),
    )
    return await _signed_in(request, done.session, settings, device_cookie(request, done.device))


@post("/auth/logout", operation_id="signOut", opt=ANYBODY, tags=TAGS, status_code=HTTP_204_NO_CONTENT)
async def sign_out(request: AnyRequest) -> Response[None]:
    """Sign out: ends the sign-in of the cookie."""
    await sign_ins.sign_out(request.cookies.get(sign_ins.COOKIE))
    return Response(None, status_code=HTTP_204_NO_CONTENT, cookies=[session_cookie(request, None)])


@get("/auth/me", operation_id="getMe", opt=rights.oneself(), tags=TAGS)
async def get_me(actor: CurrentActor, settings: CurrentSettings) -> Me:
    """Who is signed in, their roles, the organisation."""
    return await me_service.me(actor, smtp=settings.smtp_url is not None)


@post(
    "/auth/password",
    operation_id="changePassword",
    opt=rights.oneself(repeatable=False) | body_up_to(SIGN_IN),
    tags=TAGS,
    status_code=204,
)
async def change_password(data: JSONBody[PasswordInput], actor: CurrentActor) -> None:
    """Change one's own password; ends one's other sign-ins, and one's tokens unless `keep_tokens`."""
    await sign_ins.change_password(actor, data.current, data.new, keep_tokens=data.keep_tokens)


@get("/auth/invitations/{token:str}", operation_id="getInvitation", opt=ANYBODY, tags=TAGS)
async def get_invitation(token: FromPath[str]) -> InvitedPerson:
    """Who an invitation is for."""
    return InvitedPerson(**await sign_ins.invited_person(token))


@post(
    "/auth/invitations/{token:str}", operation_id="acceptInvitation", opt=ANYBODY, tags=TAGS, status_code=200
)
async def accept_invitation(
    token: FromPath[str],
    data: JSONBody[InvitationInput],
    request: AnyRequest,
    settings: CurrentSettings,
) -> Response[Me]:
    """Choose a password: the account becomes active and is signed in."""
    secret = await sign_ins.accept_invitation(
        token,
        data.password,
        previous=request.cookies.get(sign_ins.COOKIE),
        keep_tokens=data.keep_tokens,
    )
    return await _signed_in(request, secret, settings)
