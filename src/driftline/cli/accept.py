"""The command about the new normal; `driftline.commands.accept` says what it does."""

from __future__ import annotations

from typing import Annotated

import typer

from driftline.cli.options import DEFAULT_CONFIG, Config, Json

accept_app = typer.Typer()


@accept_app.command()
def accept(
    model: Annotated[str, typer.Argument(help="The model's name.")],
    since: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Day or moment from which on it is normal; default: the start of the oldest open "
            "incident of drift.",
        ),
    ] = None,
    by: Annotated[str, typer.Option(help="Who says so; default: the user of this machine.")] = "",
    reason: Annotated[str, typer.Option(help="Why, kept on record.")] = "",
    performance: Annotated[
        bool, typer.Option("--performance", help="Performance since then is normal as well.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what was accepted last.")] = False,
    record: Annotated[
        bool, typer.Option("--list", help="List what was ever accepted; change nothing.")
    ] = False,
    json: Json = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say that a change is the new normal: its incidents end, and windows from a date on are judged
    by what is so since. What was judged stays as it was judged."""
    from driftline.commands import accept

    if record:
        raise typer.Exit(accept.accepted(config, model, json))
    if undo:
        raise typer.Exit(accept.undo(config, model, by, reason, json))
    asked = accept.Asked(model, since, by, reason, performance)
    raise typer.Exit(accept.accept(config, asked, json))
