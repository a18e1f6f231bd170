"""The settings of one file as frozen values. What each key means is said under its field."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    Discriminator,
    Field,
    SerializeAsAny,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from driftline.errors import nearest
from driftline.performance import metrics_of
from driftline.profiles.outcomes import Task
from driftline.settings.channels import ChannelSettings
from driftline.settings.deciding import Alarms, Performance
from driftline.settings.excluding import Excluded
from driftline.settings.fields import (
    CONFIG,
    DEFAULT_STORE,
    DatabaseUrl,
    Duration,
    Label,
    Moment,
    Name,
    Often,
    Text,
    WebUrl,
    WindowLength,
    Zone,
    require_order,
)
from driftline.settings.keeping import BY_WINDOW, LONG, MONTH, Retention
from driftline.settings.login import LoginSettings
from driftline.settings.rows import Labels, Predictions
from driftline.settings.serving import ApiSettings, LogSettings
from driftline.windows import format_duration, iso


def _kind_of_reference(value: object) -> str:
    own = isinstance(value, ReferenceSource) or (isinstance(value, dict) and "origin" in value)
    return "source" if own else "span"


class ReferenceSpan(BaseModel):
    """What the model is used to: a span of its own predictions."""

    model_config = CONFIG

    start: Moment = Field(alias="from")
    """First day or moment."""
    end: Moment = Field(alias="to")
    """Day or moment at which it ends; this one is no longer part of it."""
    rolling: Duration | None = None
    """Go on with the newest windows of this length, moved weekly, but for those in alarm or in an
    incident. Slower changes are then never seen: only for models that are retrained as often."""
    gap: Duration = timedelta(days=7)
    """How much of the newest time is left out of it, lest a change become normal unfound."""
    exclude: tuple[Excluded, ...] = ()
    """Days or spans that are no part of it: an outage, a sale that will not come again."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        require_order(self.start, self.end)
        for left_out in () if self.rolling else self.exclude:
            if left_out.end <= self.start or left_out.start >= self.end:
                raise ValueError(
                    f"`exclude` has {iso(left_out.start)} to {iso(left_out.end)}, of which nothing "
                    f"is in the reference: {iso(self.start)} to {iso(self.end)}"
                )
        return self


class ReferenceSource(BaseModel):
    """What the model is used to: a source of its own, such as its training data."""

    model_config = CONFIG

    origin: SerializeAsAny[BaseModel]
    timestamp: Text | None = None
    """Column with the moment of each row; default: that of the predictions, where it is there."""
    exclude: tuple[Excluded, ...] = ()
    """Days or spans that are no part of it; it needs a timestamp then."""


class ModelSettings(BaseModel):
    """One model that is watched."""

    model_config = CONFIG

    name: Name
    """What the model is called, everywhere; any text without slashes."""
    version: Text | None = None
    """The model's version, shown with its results."""
    tags: tuple[Text, ...] = ()
    """Words by which the dashboard filters models: a team, a product."""
    predictions: Predictions
    """Where its predictions are."""
    labels: Labels | None = None
    """Where its labels are; without them performance is not followed."""
    task: Task | None = Field(default=None, validate_default=True)
    """What kind of model it is; needed with labels."""
    positive: Label | None = None
    """The label that counts as positive in a binary task; default: the greater of the two."""
    reference: Annotated[
        Annotated[ReferenceSpan, Tag("span")] | Annotated[ReferenceSource, Tag("source")],
        Discriminator(_kind_of_reference),
    ]
    """What the model is used to."""
    window: WindowLength = timedelta(days=1)
    """The piece of time that one check looks at: a length that divides a day, 1d or 1w."""
    every: Often = Field(default_factory=lambda given: given.get("window", timedelta(days=1)))
    """How often to look for windows that are due, or when: a cron expression (`0 6 * * *`);
    default: the length of the window."""
    timezone: Zone = ZoneInfo("UTC")
    """Time zone in which a cron expression is read. Windows are in UTC all the same."""
    patience: Duration | None = None
    """How long a source may fail before that is an incident; default: the length of the window, at
    most 1h."""
    alarms: Alarms = Alarms()
    """When to alarm."""
    performance: Performance = Field(default=Performance(), validate_default=True)
    """How performance is followed."""
    retention: Retention = Retention()
    """How long results are kept."""
    channels: tuple[ChannelSettings, ...] = ()
    """Where notices of this model go; default: where those of all go."""

    @property
    def late_predictions(self) -> timedelta:
        """How long after a window's end its predictions may still come."""
        wait = self.predictions.wait
        return 3 * self.window if wait is None else wait

    @property
    def kept_profiles(self) -> timedelta | None:
        """How long profiles are kept; None: always."""
        kept = self.retention.profiles
        return max(LONG * self.window, MONTH) if kept == BY_WINDOW else kept

    @field_validator("labels")
    @classmethod
    def _joinable(cls, labels: Labels | None, info: ValidationInfo) -> Labels | None:
        predictions = info.data.get("predictions")
        if labels is None or predictions is None:
            return labels
        if labels.id is None:
            return labels
        if predictions.id is None:
            raise ValueError("labels are joined by id: give `id` under predictions too")
        if predictions.prediction is None and predictions.score is None:
            raise ValueError(
                "give `prediction` or `score` under predictions to compare labels with"
            )
        return labels

    @field_validator("task")
    @classmethod
    def _task_with_labels(cls, task: Task | None, info: ValidationInfo) -> Task | None:
        labels, predictions = info.data.get("labels"), info.data.get("predictions")
        if labels is None or predictions is None:
            return task
        if task is None:
            raise ValueError("needed with labels: binary, multiclass or regression")
        said = predictions if labels.id is not None else labels
        if task != "binary" and said.prediction is None:
            where = "predictions" if labels.id is not None else "labels"
            raise ValueError(f"a {task} model needs `prediction` under {where}")
        return task

    @field_validator("performance")
    @classmethod
    def _made_of_windows(cls, performance: Performance, info: ValidationInfo) -> Performance:
        window: timedelta | None = info.data.get("window")
        if window is None:
            return performance
        told = f"with windows of {format_duration(window)}"
        if performance.current % window:
            found = format_duration(performance.current)
            raise ValueError(f"`current` must be a whole number of windows; found {found} {told}")
        if performance.baseline < window:
            found = format_duration(performance.baseline)
            raise ValueError(f"`baseline` must hold at least one window; found {found} {told}")
        return performance

    @field_validator("performance")
    @classmethod
    def _metric_of_the_task(cls, performance: Performance, info: ValidationInfo) -> Performance:
        name, task = performance.metric, info.data.get("task")
        if name is None or task is None:
            return performance
        known = [metric.name for metric in metrics_of(task) if metric.better != "neither"]
        if name not in known:
            raise ValueError(
                f"`metric` of a {task} model must be one of {', '.join(known)}; found "
                f'"{name}"{nearest(name, known)}'
            )
        return performance


class Settings(BaseModel):
    """All of one settings file."""

    model_config = CONFIG

    store: DatabaseUrl = Field(default=DEFAULT_STORE, validate_default=True)
    """Where results are kept: any SQLAlchemy URL. A relative SQLite path is taken from the folder
    of the settings file."""
    url: WebUrl | None = None
    """Where people open the dashboard; used in notices."""
    models: tuple[ModelSettings, ...]
    """The models that are watched."""
    channels: tuple[ChannelSettings, ...] = Field(
        default=(), json_schema_extra={"default": "stderr"}
    )
    """Where notices go; `[]`: nowhere."""
    alarms: Alarms = Alarms()
    """When to alarm."""
    performance: Performance = Performance()
    """How performance is followed."""
    every: Often | None = None
    """How often to look for windows that are due, or when; default: the length of each model's
    window."""
    timezone: Zone = ZoneInfo("UTC")
    """Time zone in which a cron expression is read."""
    patience: Duration | None = None
    """How long a source may fail before that is an incident."""
    retention: Retention = Retention()
    """How long results are kept."""
    log: LogSettings = LogSettings()
    """Where predictions and labels are kept that were sent to the service."""
    api: ApiSettings = ApiSettings()
    """Limits of the HTTP API."""
    login: LoginSettings | None = None
    """Who may open the dashboard; default: whoever uses this machine, and nobody else."""

    @field_validator("login")
    @classmethod
    def _address_for_oidc(
        cls, login: LoginSettings | None, info: ValidationInfo
    ) -> LoginSettings | None:
        if login is not None and login.oidc is not None and info.data.get("url") is None:
            raise ValueError("`oidc` needs `url` at the top: to where people are sent back")
        return login

    @field_validator("models", mode="before")
    @classmethod
    def _some(cls, models: object) -> object:
        if isinstance(models, list | tuple) and not models:
            raise ValueError("no model in it; give at least one")
        return models

    def model(self, name: str) -> ModelSettings:
        """The settings of one model; KeyError when there is none of that name."""
        return {model.name: model for model in self.models}[name]
