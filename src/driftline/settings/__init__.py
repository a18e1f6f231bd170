"""driftline.yaml as frozen values; a wrong file is told with all its faults at once."""

from driftline.profiles.outcomes import Task
from driftline.settings.channels import ChannelSettings
from driftline.settings.deciding import Alarms, Performance
from driftline.settings.fields import shown_url
from driftline.settings.load import left_out_of, load_settings, parse_settings
from driftline.settings.models import (
    ModelSettings,
    ReferenceSource,
    ReferenceSpan,
    Settings,
)
from driftline.settings.rows import Labels, Predictions

__all__ = [
    "Alarms",
    "ChannelSettings",
    "Labels",
    "ModelSettings",
    "Performance",
    "Predictions",
    "ReferenceSource",
    "ReferenceSpan",
    "Settings",
    "Task",
    "left_out_of",
    "load_settings",
    "parse_settings",
    "shown_url",
]
