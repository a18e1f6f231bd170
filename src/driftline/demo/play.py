"""The demo, played: write the files, watch the year, say what was found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile

from rich.markup import escape

from driftline import terminal
from driftline.demo.clock import END, LAST_LABEL, MARK
from driftline.demo.flights import write_demo
from driftline.errors import DataError, DriftlineError
from driftline.records import PerformanceResult
from driftline.report import render
from driftline.service.all_models import run_models
from driftline.service.pages import page_of
from driftline.service.run import Replay
from driftline.settings import Settings, load_settings
from driftline.stores import Store, open_store
from driftline.windows import MICROSECOND
from driftline.wording import metric_name, number, span

STORE = "driftline.db"

SEASONAL = ("temp", "dewp", "humid")
"""Columns of which a summer says true things that are only the season: told after the others."""


TYPED = "DRIFTLINE_TYPED"
"""Names the variable in which `./run` says what was typed in place of `driftline`."""


def play(folder: Path) -> Path:
    """Play the demo in `folder`, from the start each time; the path of the report.

    Raises DataError when nothing can be written there.
    """
    try:
        return _play(folder)
    except OSError as error:
        raise DataError(
            f"cannot write the demo's files in {folder}: {error.strerror or error}; name a folder "
            "that can be written with --dir"
        ) from error


def _play(folder: Path) -> Path:
    _make_room(folder)
    terminal.err.print(
        "A model trained on January to March 2013 says, when a flight leaves its gate in New York, "
        "whether it will be late. It is watched day by day from April to December; labels come "
        "after landing.\n"
    )
    with terminal.progress_bars() as progress:
        config = write_demo(folder, progress)
    settings = load_settings(config)
    store = open_store(settings.store.get_secret_value())
    try:
        with terminal.progress_bars() as progress:
            told = run_models(
                settings, store, lambda _: (END, Replay(labels_until=LAST_LABEL)), progress
            )
        for name, run in told.items():
            if run.error:
                raise DriftlineError(f"{name}: {run.error}")
        report = folder / "report.html"
        pages = [page_of(model, store, LAST_LABEL) for model in settings.models]
        report.write_text(render(pages), encoding="utf-8")
        _tell(settings, store)
    finally:
        store.close()
    return report


def _make_room(folder: Path) -> None:
    """Clear away an earlier demo; never anybody else's files."""
    settings = folder / "driftline.yaml"
    if folder.exists() and any(folder.iterdir()):
        ours = settings.exists() and settings.read_text(encoding="utf-8").startswith(MARK)
        if not ours:
            raise DataError(
                f"{folder} is not empty and not an earlier demo; name another folder with --dir"
            )
        for name in ("predictions", "labels"):
            shutil.rmtree(folder / name, ignore_errors=True)
        for file in folder.glob(f"{STORE}*"):
            file.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):  # the model is only trained when it can be kept
        pass


def _tell(settings: Settings, store: Store) -> None:
    for model in settings.models:
        windows, performance = store.windows(model.name), store.performance(model.name)
        terminal.model_lines(model.name, windows, performance, "")
        terminal.tell_incidents(store.incidents(model.name), SEASONAL)
        _tell_months([r for r in performance if r.span.end > windows[0].window.start])
    terminal.out.print(
        "\nThe reference is a winter. What is said of temp, dewp and humid in summer is true, and "
        "only the season; a reference with a summer in it would know it.\n",
        style="dim",
    )
    terminal.out.print("[bold]What to type next[/]")
    program = os.environ.get(TYPED, "driftline")
    for words, told in (
        ("init DATA", "a settings file for your own predictions (parquet or csv)"),
        ("backtest", "what it would have found in them, as this demo did"),
        ("check", "from cron: judge what is due, keep it and tell"),
    ):
        terminal.out.print(f"  {escape(f'{program} {words}'):<21}[dim]{told}[/]")
    terminal.out.print()


def _tell_months(performance: Sequence[PerformanceResult]) -> None:
    """The main metric at the end of each month, and at its worst."""
    judged = [result for result in performance if result.status == "judged"]
    if not judged:
        return
    main = judged[-1].main
    by_month = {f"{result.span.end - MICROSECOND:%b}": result for result in judged}
    told = ", ".join(
        f"{month} {number(result.metrics[main].current)}" for month, result in by_month.items()
    )
    worst = max(judged, key=lambda result: result.metrics[main].drop or 0.0)
    terminal.out.print(f"\n[bold]{metric_name(main)}, last 7 days of each month[/]")
    terminal.say(f"{told}; deepest drop {span(worst.span)}: {number(worst.metrics[main].current)}")
