"""Notices as text on standard error: for a terminal, cron's mail or a container's log."""

from __future__ import annotations

import sys

from pydantic import BaseModel

from driftline.channels.protocol import ChannelKind
from driftline.notices import Notice
from driftline.settings.fields import CONFIG


class StderrSettings(BaseModel):
    """No keys of its own."""

    model_config = CONFIG


class StderrChannel:
    """Writes each notice to standard error."""

    def send(self, notice: Notice) -> None:
        print(notice, file=sys.stderr, flush=True)


def _make(_: StderrSettings) -> StderrChannel:
    return StderrChannel()


stderr = ChannelKind("stderr", StderrSettings, _make, "Writes each notice to standard error.")
