"""Labels that came and cannot be used: neither of the two classes, or no number."""

from __future__ import annotations

from operator import attrgetter

import pyarrow as pa
import pyarrow.compute as pc

from driftline.kept_rows import decode_rows, in_one
from driftline.performance.past import Past
from driftline.profiles.joined import outcomes_of
from driftline.records import Fault
from driftline.service.ledger import NO_ROWS, Ledger
from driftline.service.silence import NO_LABELS
from driftline.windows import Window
from driftline.wording import percent, span

BAD_LABELS = "bad_labels"
"""The code of the fault."""

OF_LABELS = frozenset({NO_LABELS, BAD_LABELS})
"""The codes of faults that are of the labels and not of a window's rows."""

MUCH = 0.05
"""Share of a span's labels that cannot be used from which on it is told."""

LEAST = 20
"""And how many there must be at least."""


def bad_labels(ledger: Ledger | None, window: Window) -> tuple[Fault, ...]:
    """The fault that labels of the span before `window` cannot be used, far more than before it."""
    labels = ledger.model.labels if ledger is not None else None
    if ledger is None or labels is None:
        return ()
    lengths = ledger.model.performance
    now = Window(window.start - lengths.current, window.start)
    before = Window(now.start - lengths.baseline, now.start)
    bad, share = _share(ledger.past, now)
    if bad < LEAST or share < max(MUCH, 2 * _share(ledger.past, before)[1]):
        return ()
    what = "are no number" if ledger.model.task == "regression" else "are neither of two classes"
    example = _example(ledger, now)
    told = f"{labels.label}: {percent(share)} of labels {what}{example}, over {span(now)}"
    return (Fault(BAD_LABELS, told, "medium", labels.label),)


def _share(past: Past, within: Window) -> tuple[int, float]:
    """How many labels of a span cannot be used, and which part of all that is."""
    found = [outcomes for _, outcomes in past.within(within)]
    bad = sum(one.bad_labels for one in found)
    known = bad + sum(one.labelled + one.bad_predictions for one in found)
    return bad, bad / known if known else 0.0


def _example(ledger: Ledger, within: Window) -> str:
    """One of these labels, from the newest window that has any."""
    task, positive = ledger.model.task, ledger.model.positive
    assert task is not None
    for window in ledger.past.having(attrgetter("bad_labels"), within):
        blob = ledger.rows.get(window) or NO_ROWS
        for value in pc.unique(in_one(decode_rows(blob, [3])["label"])).drop_null():
            one = pa.table({"label": pa.array([value.as_py()])})
            said = None if positive is None else str(positive)
            if outcomes_of(task, one, positive=said).bad_labels:
                return f' (such as "{value.as_py()}")'
    return ""
