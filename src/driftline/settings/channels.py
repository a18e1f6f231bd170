"""The settings that every channel has, whatever its kind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field, SerializeAsAny

from driftline.records import SEVERITIES, Incident, IncidentKind, Severity
from driftline.settings.fields import CONFIG, Interval, Text

if TYPE_CHECKING:
    from driftline.settings.models import Settings


class ChannelSettings(BaseModel):
    """Where notices go. `kind` names the kind of channel; its own keys stand beside these."""

    model_config = CONFIG

    options: SerializeAsAny[BaseModel]
    name: Text = Field(json_schema_extra={"default": "its kind"})
    """What the channel is called. Two channels of a kind need names."""
    min_severity: Severity = "low"
    """Incidents below this are not sent here."""
    models: tuple[Text, ...] | None = None
    """Only incidents of these models are sent here; default: those of all."""
    kinds: tuple[IncidentKind, ...] | None = None
    """Only incidents of these kinds are sent here; default: those of all."""
    optional: bool = False
    """Leave the channel out where one of its values comes empty from the environment, as in
    `webhook_url: "${SLACK_WEBHOOK_URL:-}"`; otherwise that is a fault."""
    remind: Interval = timedelta(days=1)
    """How long after it was last told an incident is told again that is still open and that nobody
    has acknowledged or snoozed; or `never`."""

    def wants(self, incident: Incident) -> bool:
        """Whether notices of the incident go here."""
        return (
            SEVERITIES.index(incident.severity) >= SEVERITIES.index(self.min_severity)
            and (self.models is None or incident.model in self.models)
            and (self.kinds is None or incident.kind in self.kinds)
        )


def channels_of(settings: Settings) -> tuple[ChannelSettings, ...]:
    """Every channel, each name once: those at the top, then those that only models have."""
    own = [channel for model in settings.models for channel in model.channels]
    return tuple({channel.name: channel for channel in (*settings.channels, *own)}.values())
