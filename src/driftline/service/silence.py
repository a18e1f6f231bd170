"""Silence: labels that used to come and have stayed away clearly longer than they ever did.

Learned from the moments of the labels that are kept: how long the pauses between them are, and how
long after its prediction a label comes. Of labels without a moment of their own nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from driftline.kept_rows import NEVER, decode_rows, micros
from driftline.records import Fault
from driftline.service.ledger import DAY, Ledger
from driftline.windows import MICROSECOND, Window, from_micros, to_micros, window_at
from driftline.wording import count, duration, moment

NO_LABELS = "no_labels"
"""The code of the fault."""

LONGER = 2
"""How often the longest pause so far has to fit into one that is told."""

LEAST = 3 * DAY
"""A pause up to this long, or of three windows, is never told."""

LATE = 0.99
"""Part of the labels that come within what is taken as their usual delay."""

FEW = 100
"""At least so many predictions must have waited longer than usual for their labels."""


@dataclass
class Silence:
    """What is known of it in one run, looked at again once a day."""

    told: tuple[Fault, ...] = ()
    looked: bool = False

    def at(self, ledger: Ledger | None, window: Window) -> tuple[Fault, ...]:
        """The fault that no labels have come for too long by the end of `window`; or none."""
        if ledger is None or ledger.by_pairs:
            return ()
        midnight = window_at(window.start, DAY) != window_at(window.end, DAY)
        if ledger.changed - {window}:  # labels have come just now
            self.told, self.looked = (), True
        elif midnight or not self.looked:
            self.told, self.looked = _silent(ledger, window.end), True
        return self.told


def _silent(ledger: Ledger, now: datetime) -> tuple[Fault, ...]:
    labels = ledger.model.labels
    assert labels is not None
    if labels.timestamp is None:
        return ()
    known = _read(ledger, to_micros(now - LEAST))
    if known is None:
        return ()
    moments, delays, waiting = known
    if len(moments) < FEW:
        return ()
    pause = int(np.diff(moments).max(initial=0)) * MICROSECOND
    longest = max(LONGER * pause, LEAST, 3 * ledger.model.window)
    if "wait" in labels.model_fields_set:  # the owner has said how long labels may take
        longest = max(longest, labels.wait)
    last = from_micros(int(moments[-1]))
    known_for = last - from_micros(int(moments[0]))
    usual = int(np.quantile(delays, LATE)) * MICROSECOND
    overdue = Window(last - usual, now - usual)
    rows = sum(n for w, n in waiting.items() if overdue.start < w.end <= overdue.end)
    if now - last <= longest or known_for < LONGER * longest or rows < FEW:
        return ()
    return (Fault(NO_LABELS, _words(ledger, last, pause, rows), "medium", labels.label),)


Read: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], dict[Window, int]]
"""The moments of all labels in order, how long each came after its window, in microseconds; and how
many predictions the windows have none of whose labels has come."""


def _read(ledger: Ledger, lately: int) -> Read | None:
    """What is known of all labels; None as soon as one is met that became known since `lately`."""
    moments, delays, waiting = [], [], {}
    for window, blob in ledger.rows.back():
        known = micros(decode_rows(blob, [4])["known_at"])
        come = known[known != NEVER]
        if len(come):
            if come.max() >= lately:
                return None
            moments.append(come)
            delays.append(come - to_micros(window.end))
        elif len(known):
            waiting[window] = len(known)
    none = [np.array([], dtype=np.int64)]
    return np.unique(np.concatenate(moments or none)), np.concatenate(delays or none), waiting


def _words(ledger: Ledger, last: datetime, pause: timedelta, rows: int) -> str:
    labels = ledger.model.labels
    assert labels is not None
    told, early = f"no labels since {moment(last)}", ledger.early
    if early is not None and early.num_rows:
        strange = int(np.count_nonzero(micros(early["known_at"]) > to_micros(last)))
        if strange:
            told = (
                f"no label since {moment(last)} has the id of a prediction: "
                f'{count(strange, "label")} came (such as "{early["id"][-1]}")'
            )
    usual = f"before, they never stayed away for more than {duration(max(pause, DAY))}"
    return f"{labels.label}: {told}; {usual}; {count(rows, 'prediction')} overdue"
