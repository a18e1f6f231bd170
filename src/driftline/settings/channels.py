"""The settings that every channel has, whatever its kind."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field, SerializeAsAny

from driftline.records import SEVERITIES, Incident, IncidentKind, Severity
from driftline.settings.fields import CONFIG, Interval, Text


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
