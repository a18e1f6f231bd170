"""How Streamlit is set up: quiet, offline, in our colours. A user's own Streamlit files do not
change that."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

FONT = 'Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'

_LIGHT = {
    "primaryColor": "#0b62a4",
    "backgroundColor": "#f5f6f8",
    "secondaryBackgroundColor": "#ffffff",
    "textColor": "#1a1f29",
    "linkColor": "#0b62a4",
    "borderColor": "#dfe3e9",
    "codeTextColor": "#1a1f29",
    "codeBackgroundColor": "#eef1f5",
}
_DARK = {
    "primaryColor": "#7cc0f5",
    "backgroundColor": "#11141a",
    "secondaryBackgroundColor": "#191d25",
    "textColor": "#e9ecf2",
    "linkColor": "#7cc0f5",
    "borderColor": "#2b313c",
    "codeTextColor": "#e9ecf2",
    "codeBackgroundColor": "#232935",
}

OPTIONS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.allowedOrigins": [],
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "runner.magicEnabled": False,
    "server.allowRunOnSave": False,
    "server.disconnectedSessionTTL": 60,
    "server.enableStaticServing": False,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.runOnSave": False,
    "server.showEmailPrompt": False,
    "theme.font": FONT,
    "theme.headingFont": FONT,
    "theme.codeFont": MONO,
    "theme.baseFontSize": 15,
    "theme.showWidgetBorder": True,
    **{f"theme.light.{name}": value for name, value in _LIGHT.items()},
    **{f"theme.dark.{name}": value for name, value in _DARK.items()},
}


def set_up(url: str | None) -> None:
    """Set Streamlit's options for this process; `url` is where people open the dashboard."""
    from streamlit import config, logger

    options = dict(OPTIONS)
    if url and (host := urlsplit(url).hostname):
        options["browser.serverAddress"] = host
    config.get_config_options(force_reparse=True, options_from_flags=options)
    logger.set_log_level("warning")
    log_as_we_do()


def log_as_we_do() -> None:
    """What Streamlit logs goes where our lines go, in their form. It gives each of its loggers, and
    the server's, a handler of their own; those of modules loaded later are caught by another call.
    """
    for name in list(logging.root.manager.loggerDict):
        found = logging.getLogger(name)
        handler = getattr(found, "streamlit_console_handler", None)
        if handler is not None:
            found.removeHandler(handler)
            found.setLevel(logging.WARNING if name.startswith("streamlit") else logging.NOTSET)
            found.propagate = True
