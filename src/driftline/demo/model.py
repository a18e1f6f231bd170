"""The demo's model: at push-back, will this flight arrive more than 15 minutes late?

A gradient boosted forest of scikit-learn, trained on the flights of January to March 2013.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FEATURES = (
    "carrier",
    "origin",
    "dest",
    "distance",
    "hour",
    "weekday",
    "dep_delay",
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
    "plane_year",
    "plane_engine",
    "plane_seats",
)
TRAINED_UNTIL = datetime(2013, 4, 1, tzinfo=UTC)
THRESHOLD = 0.5
FOLDS = 5

Progress = Callable[[str, int, int], None]


def silent(text: str, done: int, total: int) -> None:
    """Progress that nobody looks at."""


def score(flights: pd.DataFrame, seed: int, progress: Progress = silent) -> NDArray[np.float64]:
    """The probability of arriving late for every flight, rounded to four places.

    `flights` has `pushed_back` (when the score is made), FEATURES and `target` (null where there is
    none). Flights after TRAINED_UNTIL are scored by the model trained on all labelled flights
    before it. Those before it are scored out of fold, each whole week by a model that has not seen
    that week, so that the baseline holds no prediction about flights the model was trained on.
    """
    from sklearn.model_selection import GroupKFold
    from threadpoolctl import threadpool_limits

    inputs = model_inputs(flights)
    known = flights["target"].notna().to_numpy()
    labels = flights["target"].fillna(0).to_numpy(dtype=np.int64)
    past = (flights["pushed_back"] < TRAINED_UNTIL).to_numpy()
    weeks = (flights["pushed_back"] - pd.Timestamp("2012-12-31", tz="UTC")).dt.days.to_numpy() // 7

    scores = np.empty(len(flights))
    before = np.flatnonzero(past)
    with threadpool_limits(1):
        folds = GroupKFold(FOLDS).split(before, groups=weeks[before])
        for number, (rest, fold) in enumerate(folds):
            progress("training on January to March", number, FOLDS + 1)
            trained = before[rest][known[before[rest]]]
            scores[before[fold]] = _fit_and_score(inputs, labels, trained, before[fold], seed)
        progress("training on January to March", FOLDS, FOLDS + 1)
        scores[~past] = _fit_and_score(
            inputs, labels, np.flatnonzero(past & known), np.flatnonzero(~past), seed
        )
    progress("training on January to March", FOLDS + 1, FOLDS + 1)
    return np.round(scores, 4)


def model_inputs(flights: pd.DataFrame) -> pd.DataFrame:
    """FEATURES only: categories as they are, everything else as floats with NaN for null."""
    return pd.DataFrame(
        {
            name: flights[name]
            if isinstance(flights[name].dtype, pd.CategoricalDtype)
            else flights[name].astype("float64")
            for name in FEATURES
        }
    )


def _fit_and_score(
    inputs: pd.DataFrame,
    labels: NDArray[np.int64],
    trained: NDArray[np.intp],
    scored: NDArray[np.intp],
    seed: int,
) -> NDArray[np.float64]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        max_leaf_nodes=15,
        min_samples_leaf=50,
        categorical_features="from_dtype",
        random_state=seed,
    )
    model.fit(inputs.iloc[trained], labels[trained])
    probabilities: NDArray[np.float64] = model.predict_proba(inputs.iloc[scored])[:, 1]
    return probabilities
