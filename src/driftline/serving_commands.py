"""What the commands do that run until they are ended: serve, dashboard, demo."""

from __future__ import annotations

import logging
import sys
import webbrowser
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from driftline import terminal
from driftline.dashboard.shown import Shown, clock
from driftline.demo.clock import demo_moment
from driftline.service.listening import Address
from driftline.service.logs import set_up_logs
from driftline.settings import left_out_of, load_settings
from driftline.stores import open_store

WELL = 0


def serve(config: Path, address: Address, workers: int, log: tuple[str, str]) -> int:
    from driftline.service.serve import serve

    settings = load_settings(config)
    set_up_logs(*log, settings)
    for told in left_out_of(config):
        logging.getLogger(__name__).info("%s", told)
    serve(settings, address, workers, _clock_of(config))
    return WELL


def _clock_of(config: Path) -> Callable[[], datetime]:
    """The clock; a demo's stands still."""
    stands = demo_moment(config)
    return clock if stands is None else lambda: stands


def dashboard(config: Path, address: Address, log: tuple[str, str]) -> int:
    from driftline.dashboard.serving import serve_dashboard

    settings = load_settings(config)
    set_up_logs(*log, settings)
    store = open_store(settings.store.get_secret_value())
    try:
        shown = Shown(settings, store, _clock_of(config))
        serve_dashboard(shown, address, _tell_address)
    finally:
        store.close()
    return WELL


def _tell_address(url: str) -> None:
    terminal.err.print(f"dashboard: {url} (Ctrl+C ends it)", markup=False, highlight=False)


def demo(folder: Path, serve: bool) -> int:
    from driftline.demo.play import play

    page = play(folder)
    terminal.out.print(f"report: {page.resolve()}", markup=False, soft_wrap=True)
    if serve and sys.stdout.isatty():
        webbrowser.open(page.resolve().as_uri())
    return WELL
