"""The `muster` command."""

import typer

from backend.commands.admin import admin, token
from backend.commands.bench import bench
from backend.commands.doctor import doctor
from backend.commands.migrate import migrate
from backend.commands.serve import serve

app = typer.Typer(
    name="muster",
    help="Enrolls people in learning by audience, and keeps it true.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(migrate)
app.command()(doctor)
app.add_typer(admin, name="admin")
app.add_typer(token, name="token")
app.command()(bench)


def main() -> None:
    """Run the command line."""
    app(prog_name="muster")


if __name__ == "__main__":
    main()
