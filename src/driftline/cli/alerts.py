"""Commands about channels and incidents; `driftline.commands.alerts` says what each does."""

from __future__ import annotations

from typing import Annotated

import typer

from driftline.cli.options import DEFAULT_CONFIG, Config, Json

channels_app = typer.Typer(help="Where notices go.", no_args_is_help=True)
incidents_app = typer.Typer()

Channel = Annotated[str | None, typer.Argument(help="A channel's name; default: all.")]
Id = Annotated[str, typer.Argument(help="The incident, as `driftline incidents` names it.")]
By = Annotated[str, typer.Option(help="Who does it; default: the user of this machine.")]
Note = Annotated[str, typer.Option(help="A remark, kept with the incident.")]
Model = Annotated[str | None, typer.Argument(help="A model's name.")]
All = Annotated[bool, typer.Option("--all", help="Every model.")]


@channels_app.command("test")
def channels_test(name: Channel = None, config: Config = DEFAULT_CONFIG) -> None:
    """Send a test notice to each channel, or to one, and tell what happened."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.channels_test(config, name))


@channels_app.command("failed")
def channels_failed(
    name: Channel = None,
    retry: Annotated[bool, typer.Option("--retry", help="Send them again, now.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """List the notices that could not be sent and are not tried again by themselves."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.channels_failed(config, name, retry))


@incidents_app.command()
def incidents(
    open_only: Annotated[bool, typer.Option("--open", help="Only those that last.")] = False,
    json: Json = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """List the incidents of every model, with their ids. Exit code 1 when one is open."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.incidents(config, open_only, json))


@incidents_app.command()
def acknowledge(
    incident: Id, by: By = "", note: Note = "", config: Config = DEFAULT_CONFIG
) -> None:
    """Take an incident on: nobody is reminded of it any more."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.acknowledge(config, incident, by, note))


@incidents_app.command()
def snooze(
    incident: Id,
    length: Annotated[str, typer.Option("--for", help="How long: 4h, 1d, 1w.")],
    by: By = "",
    note: Note = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Be reminded of an incident later."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.snooze(config, incident, length, by, note))


@incidents_app.command()
def resolve(incident: Id, by: By = "", note: Note = "", config: Config = DEFAULT_CONFIG) -> None:
    """Say that an incident is over. If it is not, the next window opens a new one."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.resolve(config, incident, by, note))


@incidents_app.command()
def mute(
    model: Model = None,
    every: All = False,
    length: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1d.")] = "2h",
    reason: Annotated[str, typer.Option(help="Why: a deployment, say.")] = "",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Hold back the notices of a model, or of all, for a while, as during a deployment. What is
    still open afterwards is told then, in one notice. Without MODEL and --all: list the mutes."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.mute(config, model, every, length, reason))


@incidents_app.command()
def unmute(model: Model = None, every: All = False, config: Config = DEFAULT_CONFIG) -> None:
    """End the mutes of a model, or (--all) every mute."""
    from driftline.commands import alerts

    raise typer.Exit(alerts.unmute(config, model, every))


@incidents_app.command()
def forget(
    model: Annotated[str, typer.Argument(help="The model's name; it may be gone from the file.")],
    only_incidents: Annotated[
        bool, typer.Option("--incidents", help="Only its incidents; judged windows stay.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Delete what is stored of a model: every window and incident, as after a wrong setting. The
    next check judges anew from behind the reference. Predictions and labels are not touched."""
    from driftline.commands import history

    raise typer.Exit(history.forget(config, model, only_incidents, yes))
