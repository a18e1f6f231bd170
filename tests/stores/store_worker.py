"""A process of its own that works on a store; the tests start it, and kill it.

store_worker.py open URL            open the store and close it
store_worker.py claim URL COUNT     claim the outbox rows of channels 0 to COUNT
store_worker.py record URL COUNT    record the windows of one model up to COUNT, from where it is
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from random import Random

from driftline.records import Changes, Event, Incident, ModelState, OutboxRow, WindowResult
from driftline.stores import Store, open_store
from driftline.windows import Window, iso

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def main(task: str, url: str, *more: str) -> None:
    store = open_store(url)
    if task == "claim":
        _claim(store, int(more[0]))
    elif task == "record":
        _record(store, int(more[0]))
    store.close()


def _claim(store: Store, count: int) -> None:
    for number in range(count):
        for row, _event in store.outbox.claim(str(number), BEGIN + 1000 * HOUR):
            print(row.id, flush=True)


def _record(store: Store, count: int) -> None:
    if store.model("m") is None:
        store.begin(ModelState("m", "key", b"reference", BEGIN))
    while (state := store.model("m")) and state.position < BEGIN + count * HOUR:
        recorded = store.record(step(state))
        if recorded:
            print(iso(state.position), flush=True)


def step(state: ModelState) -> Changes:
    """One window with everything that can belong to it, the same whenever it is asked for."""
    window = Window(state.position, state.position + HOUR)
    blob = Random(iso(window.start)).randbytes(60_000)
    incident = Incident(
        *(f"m/{iso(window.start)}", "m", "data_drift", "high", "open", window.end, window.end),
        *(None, window.start, ("temp",), "temp has moved"),
    )
    event = Event(f"{incident.id}/opened", incident, "opened", window.end)
    return Changes(
        state=state.next(position=window.end),
        windows=(WindowResult(window, 10, "too_few_rows", None, (), window.end),),
        profiles={window: blob},
        predictions={window: blob[:100]},
        outcomes={window: blob[:100]},
        incidents=(incident,),
        events=(event,),
        outbox=(OutboxRow(f"{event.id}/log", event.id, "m", "log", "pending", window.end),),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
