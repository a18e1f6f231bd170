from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from driftline.profiles.joined import outcomes_of
from driftline.profiles.outcomes import Outcomes
from driftline.windows import Window

Days = list[tuple[Window, Outcomes]]
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def share_days() -> Callable[..., Days]:
    """Days of a binary model from how many of each day's rows it gets right; half are positive."""

    def made(right: Sequence[int], rows: int = 200, first: int = 0) -> Days:
        days = []
        for number, count in enumerate(right):
            label = np.arange(rows) % 2
            said = np.where(np.arange(rows) < count, label, 1 - label)
            table = pa.table({"label": label, "prediction": said})
            start = START + timedelta(days=first + number)
            window = Window(start, start + timedelta(days=1))
            days.append((window, outcomes_of("binary", table)))
        return days

    return made
