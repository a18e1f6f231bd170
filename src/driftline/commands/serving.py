"""What the commands do that run until they are ended: serve, dashboard, demo."""

from __future__ import annotations

import logging
import socket
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
USUAL_PORT = 8501


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
    return end_on_dashboard(page.with_name("driftline.yaml")) if serve and _is_watched() else WELL


def _is_watched() -> bool:
    """Whether somebody sits at the terminal; a job must end by itself."""
    return sys.stdout.isatty()


def end_on_dashboard(config: Path) -> int:
    """Open the dashboard in a browser, and serve it until somebody ends it."""
    from driftline.dashboard.serving import serve_dashboard

    settings = load_settings(config)
    store = open_store(settings.store.get_secret_value())
    try:
        shown = Shown(settings, store, _clock_of(config))
        serve_dashboard(shown, Address("127.0.0.1", _free_port(USUAL_PORT)), _open_in_browser)
    finally:
        store.close()
    return WELL


def _free_port(wanted: int) -> int:
    """That port where it is free; otherwise 0, for any."""
    try:
        with socket.create_server(("127.0.0.1", wanted)):
            return wanted
    except OSError:
        return 0


def _open_in_browser(url: str) -> None:
    _tell_address(url)
    webbrowser.open(url)
