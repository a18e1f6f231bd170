"""The `driftline` command. Exit codes: 0 all well, 1 an alarm or an open incident, 2 not done."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from driftline.cli.accept import accept_app
from driftline.cli.alerts import channels_app, incidents_app
from driftline.cli.keys import keys_app
from driftline.cli.options import DEFAULT_CONFIG, Config, Json

WELL, ALARM, FAILED = 0, 1, 2

app = typer.Typer(
    name="driftline",
    help="Watch a machine-learning model in production: drift, performance, incidents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="The settings file.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(keys_app, name="keys")
app.add_typer(channels_app, name="channels")
app.add_typer(incidents_app)
app.add_typer(accept_app)


class LogFormat(StrEnum):
    """How a line of the log looks."""

    text = "text"
    json = "json"


class LogLevel(StrEnum):
    """From which level on lines are logged."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


def _version(wanted: bool) -> None:
    if wanted:
        import driftline

        typer.echo(f"driftline {driftline.__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Watch a machine-learning model in production: drift, performance, incidents."""


@app.command()
def check(
    config: Config = DEFAULT_CONFIG,
    now: Annotated[
        str | None, typer.Option(help="The moment to take as now, ISO 8601; default: the clock.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge every window that is due and send notices. For cron, Airflow, CI."""
    from driftline.commands import watching

    raise typer.Exit(watching.check(config, now, json))


@app.command()
def backtest(
    config: Config = DEFAULT_CONFIG,
    start: Annotated[
        str | None,
        typer.Option("--from", help="First day or moment; default: after reference."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", help="Day or moment to stop at; default: end of data, or now."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Another settings file, replayed beside this one.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Replay beside it with a key changed: window=6h (repeatable)."),
    ] = None,
    advise: Annotated[
        bool,
        typer.Option("--recommend", help="Recommend window, reference and budget; try them."),
    ] = False,
    json: Json = False,
) -> None:
    """Replay history as if live, into a throw-away store: how many alarms would there have been,
    and which? Sends nothing."""
    from driftline.commands import backtest

    asked = backtest.Asked(start, to, against, tuple(changes or ()), advise)
    raise typer.Exit(backtest.backtest(config, asked, json))


@app.command()
def compare(
    reference: Annotated[Path, typer.Argument(help="A parquet or csv file, folder or glob.")],
    current: Annotated[Path, typer.Argument(help="The same, to compare with it.")],
    timestamp: Annotated[
        str | None, typer.Option(help="Column with the time of each row; calibrates the verdict.")
    ] = None,
    categorical: Annotated[
        list[str] | None, typer.Option(help="A column of numbers that are codes (repeatable).")
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="A column to leave out (repeatable).")
    ] = None,
    features: Annotated[
        list[str] | None,
        typer.Option(help="A column to compare (repeatable); default: all but running numbers."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare two files; no settings needed."""
    from driftline.commands import watching

    chosen = {"timestamp": timestamp, "categorical": categorical or []}
    chosen |= {"ignore": ignore or [], "features": features or None}
    raise typer.Exit(watching.compare(reference, current, chosen, json))


@app.command()
def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="The page to write.")] = Path(
        "report.html"
    ),
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write one self-contained HTML page about every model."""
    from driftline.commands import watching

    raise typer.Exit(watching.report(config, output))


@app.command()
def init(
    data: Annotated[Path, typer.Argument(help="A parquet or csv file, folder or glob.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")] = (
        DEFAULT_CONFIG
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Look at a data file and write a commented settings file for it."""
    from driftline.commands import watching

    raise typer.Exit(watching.init(data, output, force))


@app.command()
def serve(
    config: Config = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0: any free one.", min=0, max=65535)] = 8501,
    workers: Annotated[
        int, typer.Option(help="How many models are run at the same time.", min=1, max=64)
    ] = 4,
    insecure_open: Annotated[
        bool,
        typer.Option(
            "--insecure-open", help="Let others use it without a key, on an address they can reach."
        ),
    ] = False,
    published: Annotated[
        str | None,
        typer.Option(
            help="In a container: the address at which its port is published. Whether others can "
            "reach it goes by this."
        ),
    ] = None,
    log_format: Annotated[LogFormat, typer.Option(help="How the log is written.")] = LogFormat.text,
    log_level: Annotated[LogLevel, typer.Option(help="What is logged.")] = LogLevel.info,
) -> None:
    """Watch around the clock: judge windows when they are due, send notices, listen to HTTP."""
    from driftline.commands import serving
    from driftline.service.listening import Address

    logs = (log_format.value, log_level.value)
    address = Address(host, port, insecure_open, published)
    raise typer.Exit(serving.serve(config, address, workers, logs))


@app.command()
def dashboard(
    config: Config = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0: any free one.", min=0, max=65535)] = 8501,
    insecure_open: Annotated[
        bool,
        typer.Option("--insecure-open", help="Let others see it on an address they can reach."),
    ] = False,
    log_format: Annotated[LogFormat, typer.Option(help="How the log is written.")] = LogFormat.text,
    log_level: Annotated[LogLevel, typer.Option(help="What is logged.")] = LogLevel.warning,
) -> None:
    """Show what is stored, in a browser. `driftline serve` does that too, and watches."""
    from driftline.commands import serving
    from driftline.service.listening import Address

    logs = (log_format.value, log_level.value)
    address = Address(host, port, insecure_open)
    raise typer.Exit(serving.dashboard(config, address, logs))


@app.command()
def password() -> None:
    """Print the hash of a password for the dashboard's login. The password is asked for, or read
    from the first line of stdin; it is not kept."""
    from driftline.commands import password

    raise typer.Exit(password.password())


@app.command()
def status(config: Config = DEFAULT_CONFIG, json: Json = False) -> None:
    """How everything stands: each model, what is behind or fails, queues of notices, the log. Exit
    code 1 when an incident is open, a model is not judged or a notice could not be sent."""
    from driftline.commands import status

    raise typer.Exit(status.status(config, json))


@app.command()
def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where to put the demo's files.")] = Path(
        "driftline-demo"
    ),
    serve: Annotated[
        bool,
        typer.Option(
            "--serve/--no-serve", help="At the end, at a terminal: the dashboard, in a browser."
        ),
    ] = True,
) -> None:
    """See the whole product on bundled real data: every flight out of New York in 2013."""
    from driftline.commands import serving

    raise typer.Exit(serving.demo(folder, serve))


@config_app.command("check")
def config_check(config: Config = DEFAULT_CONFIG) -> None:
    """Check the settings file: every fault at once, and whether the data is what it says."""
    from driftline.commands import watching

    raise typer.Exit(watching.config_check(config))


def main() -> None:
    """The entry point: errors that are ours become one message and exit code 2."""
    from driftline.errors import DriftlineError

    # models run side by side: threads of the numeric library inside each would wait for each other
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an ASCII terminal shows "?", and all is told
    try:
        app()
    except DriftlineError as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"driftline: {error}", err=True)
        sys.exit(FAILED)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        told = f"{type(error).__name__}: {error}".strip()
        typer.echo(f"driftline: unexpected {told}; --debug shows where", err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        typer.echo("driftline: stopped; what was judged is kept", err=True)
        sys.exit(FAILED)
