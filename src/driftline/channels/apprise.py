"""Notices to any service that Apprise knows: Teams, PagerDuty, Telegram, ntfy and some 150 more."""

from __future__ import annotations

import logging
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from driftline.channels.links import incident_url
from driftline.channels.looks import cut
from driftline.channels.protocol import ChannelKind
from driftline.errors import SettingsError, TryAgain
from driftline.notices import Notice
from driftline.settings.fields import CONFIG
from driftline.wording import one_line

_TYPES = {None: "success", "low": "info", "medium": "warning", "high": "failure"}


def _address(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+", secret.get_secret_value()):
        raise ValueError("must be an Apprise URL such as tgram://TOKEN/CHAT, without spaces")
    return secret


class AppriseSettings(BaseModel):
    """One or more Apprise URLs."""

    model_config = CONFIG

    urls: Annotated[tuple[Annotated[SecretStr, AfterValidator(_address)], ...], Field(min_length=1)]
    """Apprise URLs (`msteams://..`, `pagerduty://..`, `tgram://..`). They hold secrets, so keep
    them in the environment."""


class AppriseChannel:
    """Sends each notice to every URL; one that fails is tried again alone."""

    def __init__(self, settings: AppriseSettings):
        from apprise import Apprise

        logging.getLogger("apprise").disabled = True  # it logs what it sends, and where to,
        logging.getLogger("urllib3.connectionpool").setLevel(
            logging.INFO
        )  # below that so does this
        self._services: dict[str, Apprise] = {}
        for number, url in enumerate(settings.urls, 1):
            text = url.get_secret_value()
            service = Apprise()
            name = f"{text.partition('://')[0].lower()} (URL {number})"
            if not service.add(text):
                raise SettingsError([f"apprise: {name} is no URL that Apprise can use"])
            self._services[name] = service

    def send(self, notice: Notice) -> None:
        severity = notice.severity
        kind = _TYPES.get(severity, "failure")
        failed = []
        for name in notice.only_to or tuple(self._services):
            service = self._services.get(name)
            if service is None:
                continue
            title = cut(one_line(notice.title), 200)
            taken = service.notify(_body(notice), title, notify_type=kind, body_format="text")
            failed += [] if taken else [name]
        if failed:
            rest = failed if len(failed) < len(self._services) else ()
            raise TryAgain(f"Apprise could not send to {', '.join(failed)}", rest=rest)


def _body(notice: Notice) -> str:
    lines = str(notice).splitlines()[1:] or ["If you can read this, notices arrive here."]
    links = [incident_url(notice.url, news.incident.id) for news in notice.news if notice.url]
    return "\n".join([*lines, *links])


apprise = ChannelKind(
    "apprise", AppriseSettings, AppriseChannel, "Any of the services that Apprise knows."
)
