"""`muster admin` and `muster token`."""

from typing import Annotated

import typer

from backend.commands.context import DataDir, run_command
from backend.embedded import Servers
from backend.services.access.administrators import create_administrator, create_token_for
from backend.settings import Settings

Email = Annotated[str, typer.Option(help="E-mail address of the account")]

admin = typer.Typer(no_args_is_help=True, help="Platform admins.")
token = typer.Typer(no_args_is_help=True, help="API tokens.")


@admin.callback()
def _admin() -> None:
    """Platform admins."""


@admin.command("create")
def create_admin(
    email: Email,
    password: Annotated[str, typer.Option(help="Password to sign in with", prompt=True, hide_input=True)],
    keep_tokens: Annotated[
        bool, typer.Option("--keep-tokens", help="Let the API tokens of an existing account go on working")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Create a platform admin, or make an existing account one."""

    async def work(_: Settings, __: Servers) -> None:
        learner_id = await create_administrator(email, password, keep_tokens=keep_tokens)
        print(f"{email} is a platform admin (learner {learner_id})")

    run_command(data_dir, work)


@token.callback()
def _token() -> None:
    """API tokens."""


@token.command("create")
def create_token(
    email: Email,
    scope: Annotated[
        list[str] | None, typer.Option(help="Limit the token: read, write, scim; repeatable")
    ] = None,
    name: Annotated[str, typer.Option(help="What it is for, shown in the list of tokens")] = "command line",
    data_dir: DataDir = None,
) -> None:
    """Print one API token, alone on stdout. It is shown this once."""

    async def work(_: Settings, __: Servers) -> str:
        return await create_token_for(email, name=name, scopes=scope or [])

    print(run_command(data_dir, work))
