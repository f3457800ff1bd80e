"""The `muster` command."""

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

# Each is imported only when it is asked for: no command waits for what the others need.
COMMANDS = {
    "serve": "backend.commands.serve:serve",
    "migrate": "backend.commands.migrate:migrate",
    "backup": "backend.commands.backup:backup",
    "restore": "backend.commands.backup:restore",
    "doctor": "backend.commands.doctor:doctor",
    "admin": "backend.commands.admin:admin",
    "token": "backend.commands.admin:token",
    "import": "backend.commands.import_sheets:import_files",
    "demo": "backend.commands.demo:demo",
    "synth": "backend.commands.demo:synth",
    "bench": "backend.commands.bench:bench",
    "openapi": "backend.commands.openapi:openapi",
}


def build(names: Sequence[str]) -> typer.Typer:
    """The command line with the commands of these names."""
    app = typer.Typer(
        help="Enrolls people in learning by audience, and keeps it true.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    # With one command alone typer would take its name away.
    app.callback()(lambda: None)
    for name in names:
        module, attribute = COMMANDS[name].split(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main() -> None:
    """Run the command line."""
    asked = sys.argv[1:2]
    build(asked if asked and asked[0] in COMMANDS else list(COMMANDS))(prog_name="muster")


if __name__ == "__main__":
    main()
