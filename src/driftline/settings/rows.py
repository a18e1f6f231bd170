"""The settings that say where a model's rows are: its predictions and its labels."""

from __future__ import annotations

from datetime import timedelta
from typing import Self

from pydantic import (
    BaseModel,
    Field,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from driftline.settings.fields import CONFIG, Duration, Pause, Text


class Predictions(BaseModel):
    """Where the model's predictions are, and which column plays which part.

    `source` names the kind of source; the keys of that kind stand beside these.
    """

    model_config = CONFIG

    origin: SerializeAsAny[BaseModel]
    timestamp: Text
    """Column with the moment of each prediction; without a zone it is UTC."""
    id: Text | None = None
    """Column that names each prediction; needed to join labels."""
    prediction: Text | None = None
    """Column with what the model said; watched as its output, not as a feature."""
    score: Text | None = None
    """Column with the probability of the positive class."""
    features: tuple[Text, ...] | None = None
    """Columns to compare; default: every other column, save running numbers."""
    categorical: tuple[Text, ...] = ()
    """Columns to compare as categories though they hold numbers; text, booleans and categories are
    taken as such anyway."""
    ignore: tuple[Text, ...] = ()
    """Columns to leave out."""
    delay: Pause = timedelta()
    """How long after its end a window is judged. Give the time in which predictions usually arrive,
    where that takes longer than it takes until the check runs."""
    wait: Pause | None = Field(default=None, json_schema_extra={"default": "three windows"})
    """How long after a window's end its predictions may still come. Each check counts the rows of
    the windows that ended so recently again (it reads the timestamp column alone) and judges those
    anew that have grown, or that could not be read. 0: a window is judged once."""

    @field_validator("prediction", "score", "id")
    @classmethod
    def _own_column(cls, name: str | None, info: ValidationInfo) -> str | None:
        taken = {k: info.data.get(k) for k in ("timestamp", "id", "prediction")}
        for role, column in taken.items():
            if name is not None and column == name and role != info.field_name:
                raise ValueError(f'a column of its own; "{name}" is the {role} already')
        return name


class Labels(BaseModel):
    """Where the labels are. They are joined to predictions by id, whenever they come; or, without
    `id`, each row holds what was said beside what was true (`prediction` or `score`)."""

    model_config = CONFIG

    origin: SerializeAsAny[BaseModel]
    id: Text | None = None
    """Column that names the prediction which the label belongs to. Without it the outcomes of a
    window are its pairs: those that the source gives for its span or, with a `timestamp`, those
    whose prediction was made in it. Pairs that are missing are asked for again with the next three
    windows and, once a day, until `wait` is over."""
    label: Text
    """Column with what was true."""
    prediction: Text | None = None
    """Without `id`: column with what the model said, beside the label."""
    score: Text | None = None
    """Without `id`: column with the probability of the positive class, beside the label."""
    timestamp: Text | None = None
    """Column with the moment at which the label became known (without `id`: with that of the
    prediction); default: it is known at once. A label may be delivered later than that: each check
    reads those of the last `performance.current` again and, once a day, those since the oldest
    prediction without a label (none, when all have one)."""
    wait: Duration = timedelta(days=90)
    """How long after its prediction a label may still come, and how far back labels are read again
    at most. Without a `timestamp` all labels are read by each check."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its rows must have."""
        named = (self.id, self.label, self.prediction, self.score)
        return tuple(name for name in named if name is not None)

    @property
    def joined_by(self) -> str:
        """The column that labels are joined by; only asked for where there is one."""
        assert self.id is not None
        return self.id

    @model_validator(mode="after")
    def _ids_or_pairs(self) -> Self:
        beside = self.prediction is not None or self.score is not None
        if self.id is not None and beside:
            raise ValueError("`prediction` and `score` stand beside labels only without `id`")
        if self.id is None and not beside:
            raise ValueError(
                "give `id`, the column that names the prediction of each label; or, where each row "
                "holds the prediction too, `prediction` or `score`"
            )
        if self.id is None and not (
            self.timestamp or getattr(type(self.origin), "chooses_span", False)
        ):
            raise ValueError("without `id` give `timestamp`: the moment of each row's prediction")
        return self
