"""Commands about the keys of the HTTP API; `driftline.commands.keys` says what each does."""

from __future__ import annotations

from typing import Annotated

import typer

from driftline.cli.options import DEFAULT_CONFIG, Config, Json

keys_app = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True)


@keys_app.command("create")
def create(
    scope: Annotated[
        str,
        typer.Option(
            help="write (send predictions and labels), read (results) or admin (both, and act on "
            "incidents)."
        ),
    ],
    model: Annotated[str | None, typer.Option(help="Only for this model; default: all.")] = None,
    name: Annotated[str, typer.Option(help="What it is for, in words.")] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept. From the first key on
    every request needs one."""
    from driftline.commands import keys

    raise typer.Exit(keys.create(config, scope, model, name))


@keys_app.command("list")
def listed(json: Json = False, config: Config = DEFAULT_CONFIG) -> None:
    """List the keys: what each allows and what it is for, not the secret."""
    from driftline.commands import keys

    raise typer.Exit(keys.listed(config, json))


@keys_app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(help="The key, as `driftline keys list` names it.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a key useless, within seconds and for good."""
    from driftline.commands import keys

    raise typer.Exit(keys.revoke(config, key))
