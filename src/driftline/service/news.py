"""News: which spans are worth judging when the outcomes of some windows have changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from driftline.windows import Window, window_at

if TYPE_CHECKING:
    from driftline.service.ledger import Ledger

DAY = timedelta(days=1)

NEWS = 0.02
"""Share of a span's predictions that are new or newly labelled at which it is judged at once."""


def worth_judging(ledger: Ledger, position: datetime) -> list[datetime]:
    """The ends of the spans to judge: of the one that ends at `position`, the end of the last
    window, and of every earlier one in which something changed, oldest first.

    With windows shorter than a day, an earlier span is judged again at once when it is news
    (`NEWS`), and at midnight for whatever has changed since.
    """
    ends = _touched(ledger, position)
    return sorted(_news(ledger, position, ends) if ledger.model.window < DAY else ends)


def _touched(ledger: Ledger, position: datetime) -> set[datetime]:
    """The ends of the spans that hold a changed window."""
    length, current = ledger.model.window, ledger.model.performance.current
    ends = {w.end + i * length for w in ledger.changed for i in range(current // length)}
    return {end for end in ends if end == position or ledger.judged.get(end) is not None}


def _news(ledger: Ledger, position: datetime, touched: set[datetime]) -> set[datetime]:
    """The ends of the spans that are worth judging now."""
    assert ledger.model.labels is not None
    midnight = window_at(position, DAY).start == position
    waited = position - ledger.model.labels.wait
    asked = touched.union(ledger.judged.after(waited) if midnight else ())
    found = set()
    for end in asked:
        last = ledger.judged.get(end)
        rows, labelled = ledger.past.counts(Window(end - ledger.model.performance.current, end))
        if last is None or (labelled, rows) == (last.labelled, last.rows):
            worth = end in touched  # new, or labels were corrected
        else:
            grown = abs(labelled - last.labelled) + abs(rows - last.rows)
            worth = midnight or labelled == rows or grown >= NEWS * rows
        if worth:
            found.add(end)
    return found
