"""Notices in a Slack channel, through an incoming webhook."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from pydantic import BaseModel

from driftline.channels.http import TIMEOUT, Reply, reaching, require_taken
from driftline.channels.protocol import ChannelKind
from driftline.channels.slack.message import message
from driftline.notices import Notice
from driftline.settings.fields import CONFIG, SecretUrl

_SILENT = logging.getLogger("driftline.slack")
_SILENT.setLevel(logging.CRITICAL + 1)  # the SDK would log the address and what is sent


class SlackSettings(BaseModel):
    """An incoming webhook, as Slack gives one for each channel."""

    model_config = CONFIG

    webhook_url: SecretUrl
    """The address of the incoming webhook; whoever has it can post, so keep it in the
    environment."""


class SlackChannel:
    """Posts each notice as one message."""

    def __init__(
        self, url: str, timeout: int = int(TIMEOUT), clock: Callable[[], float] = time.time
    ):
        self._url = url
        self._timeout = timeout
        self._clock = clock

    def send(self, notice: Notice) -> None:
        from slack_sdk.webhook import WebhookClient

        client = WebhookClient(
            self._url,
            timeout=self._timeout,
            retry_handlers=[],
            logger=_SILENT,
        )
        with reaching("Slack", self._timeout):
            answer = client.send_dict(message(notice))
        headers = {name.lower(): value for name, value in answer.headers.items()}
        word = answer.body.strip() if re.fullmatch(r"[a-z_]{1,60}\s*", answer.body) else ""
        require_taken(Reply(answer.status_code, headers), "Slack", self._clock, word)


def _make(settings: SlackSettings) -> SlackChannel:
    return SlackChannel(settings.webhook_url.get_secret_value())


slack = ChannelKind("slack", SlackSettings, _make, "A message in Slack, by an incoming webhook.")
