"""What holds of every store, whatever it keeps things in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from driftline.acceptance import Acceptance
from driftline.aging import Aged
from driftline.alarms.verdict import ColumnVerdict, Verdict
from driftline.errors import StoreError
from driftline.mutes import Mute
from driftline.records import (
    Changes,
    Event,
    Fault,
    Incident,
    MetricChange,
    ModelState,
    OutboxRow,
    PerformanceResult,
    WindowResult,
)
from driftline.stores import Store, open_store
from driftline.stores.protocol import CLAIM_LASTS, MOST_LEARNED, Outbox, Progress
from driftline.versions import VersionSince
from driftline.windows import Window

DAY = timedelta(days=1)
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
STATE = ModelState("late-arrival", "key", b"reference", BEGIN, None, None)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if kind == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    return "memory://" if kind == "memory" else f"sqlite:///{tmp_path / 'driftline.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def begun(store: Store) -> Store:
    store.begin(STATE)
    return store


@pytest.fixture
def reopened(url: str) -> Iterator[Callable[[Store], Store]]:
    """Closes a store and opens it again; one in memory has nothing to open again."""
    opened: list[Store] = []

    def reopen(store: Store) -> Store:
        if url == "memory://":
            return store
        store.close()
        opened.append(open_store(url))
        return opened[-1]

    yield reopen
    for store in opened:
        store.close()


def day(number: int) -> Window:
    return Window(BEGIN + number * DAY, BEGIN + (number + 1) * DAY)


def judged(window: Window, p_value: float = 0.1 + 0.2) -> WindowResult:
    columns = (
        ColumnVerdict("temp", "numeric", True, "psi", 1e-300, 1 / 3, 0.5, 12.5, 0.0, 0.01, 0.02),
        ColumnVerdict(
            "étage ☂", "categorical", False, "chi_squared", 2.0, 1.0, 0.0, 0, 0.5, 0.5, 1 / 3
        ),
    )
    faults = (Fault("stuck_column", "temp is 3.0 in every row", "low", "temp"), Fault("x", "y"))
    verdict = Verdict(True, p_value, columns, "calibrated", "on 90 windows")
    return WindowResult(window, 970, "judged", verdict, faults, window.end + DAY / 24)


def empty(window: Window) -> WindowResult:
    return WindowResult(window, 0, "empty", None, (), window.end)


def performance(number: int, judged_after: timedelta = DAY, **other: Any) -> PerformanceResult:
    span = Window(day(number).start - 6 * DAY, day(number).end)
    result = PerformanceResult(
        span=span,
        baseline=Window(span.start - 30 * DAY, span.start),
        rows=6100,
        labelled=5900,
        status="judged",
        metrics={
            "roc_auc": MetricChange(0.81, 0.84, 0.1 + 0.2, 0.79, 0.83, 0.01, 0.06, True),
            "accuracy": MetricChange(None, None, None, None, None, None, None, False),
        },
        main="roc_auc",
        alarm=True,
        severity="high",
        judged_at=span.end + judged_after,
    )
    return replace(result, **other)


def incident(number: int = 0, **other: Any) -> Incident:
    opened = day(number).end
    made = Incident(
        id=f"late-arrival/data_drift/{opened.isoformat()}",
        model="late-arrival",
        kind="data_drift",
        severity="high",
        state="open",
        opened=opened,
        updated=opened,
        resolved=None,
        since=day(number).start,
        columns=("temp", "dewp"),
        message='"temp" and 1 more have moved',
        facts=("temp: mean 3.1 was 12.0",),
        next_steps=("look at the feed",),
    )
    return replace(made, **other)


def told(found: Incident, *, due: datetime, channel: str = "log") -> tuple[Event, OutboxRow]:
    event = Event(f"{found.id}/opened", found, "opened", found.opened, note="a note")
    row = OutboxRow(f"{event.id}/{channel}", event.id, found.model, channel, "pending", due)
    return event, row


def step(number: int, **other: Any) -> Changes:
    """The recording of one day by a model that has come to its start."""
    window = day(number)
    made = Changes(
        state=replace(STATE, position=window.end, revision=number + 1),
        windows=(judged(window),),
        profiles={window: b"profile %d" % number},
        predictions={window: b"predictions %d" % number},
        outcomes={window: b"outcomes %d" % number},
        outcome_days={window: b"of the day %d" % number},
    )
    return replace(made, **other)


def again(number: int, nth: int = 1, **other: Any) -> Changes:
    """Something more, for the `nth` time, about a model that stays at the start of a day."""
    state = replace(STATE, position=day(number).start, revision=number + nth)
    return replace(Changes(state), **other)


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.model("late-arrival") is None
    assert store.models() == []
    assert store.windows("late-arrival") == []
    assert store.profiles("late-arrival") == {}
    assert store.performance("late-arrival") == []
    assert store.incidents() == []
    assert store.events("none") == []
    assert store.outbox.claim("log", BEGIN) == []
    assert store.outbox.counts() == {}


def test_a_begun_model_is_read_back_as_it_was(store: Store) -> None:
    other = ModelState("a model", "k", b"\x00\xff", BEGIN + timedelta(microseconds=1), BEGIN, b"")
    store.begin(STATE)
    store.begin(other)
    assert store.model("late-arrival") == STATE
    assert store.model("a model") == other
    assert store.models() == ["a model", "late-arrival"]


def test_progress_tells_how_far_each_model_has_come(begun: Store) -> None:
    begun.begin(replace(STATE, name="another", labels_until=BEGIN))
    versions = (VersionSince("1.0", BEGIN), VersionSince("1.1 → β", BEGIN + DAY))
    begun.record(Changes(STATE.next(position=BEGIN + DAY, versions=versions)))
    assert begun.progress() == {
        "another": Progress(BEGIN, BEGIN, 0),
        "late-arrival": Progress(BEGIN + DAY, None, 1, versions),
    }
    kept = begun.model("late-arrival")
    assert kept is not None
    assert kept.versions == versions
    assert list(begun.progress()) == ["another", "late-arrival"]


def test_what_is_recorded_is_read_back_equal(
    begun: Store, reopened: Callable[[Store], Store]
) -> None:
    found = incident(0, resolved=BEGIN + 9 * DAY, snoozed_until=BEGIN + DAY)
    event, row = told(found, due=BEGIN)
    after = STATE.next(position=day(0).end, labels_until=BEGIN, early_labels=b"early")
    changes = step(
        0,
        state=after,
        performance=(performance(0),),
        incidents=(found,),
        events=(event,),
        outbox=(row,),
    )
    assert begun.record(changes)
    store = reopened(begun)
    assert store.model("late-arrival") == after
    assert store.windows("late-arrival") == [judged(day(0))]
    assert store.profiles("late-arrival") == {day(0): b"profile 0"}
    assert store.predictions("late-arrival") == {day(0): b"predictions 0"}
    assert store.outcomes("late-arrival") == {day(0): b"outcomes 0"}
    assert store.outcome_days("late-arrival") == {day(0): b"of the day 0"}
    assert store.performance("late-arrival") == [performance(0)]
    assert list(store.performance("late-arrival")[0].metrics) == ["roc_auc", "accuracy"]
    assert store.incidents() == [found]
    assert store.events(found.id) == [event]
    assert store.outbox.claim("log", BEGIN) == [(replace(row, state="claimed"), event)]


def test_moments_come_back_in_utc_whatever_zone_they_were_given_in(store: Store) -> None:
    local = datetime(2026, 3, 1, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    store.begin(replace(STATE, position=local))
    state = store.model("late-arrival")
    assert state is not None
    assert state.position == local
    assert store.record(Changes(state.next(position=local.astimezone(UTC))))


def test_another_revision_than_the_next_one_records_nothing(begun: Store) -> None:
    assert begun.record(step(0))
    found = incident(0)
    event, row = told(found, due=BEGIN)
    late = step(0, incidents=(found,), events=(event,), outbox=(row,), windows=(empty(day(0)),))
    assert not begun.record(late)
    assert not begun.record(step(2, incidents=(found,)))
    assert begun.windows("late-arrival") == [judged(day(0))]
    assert begun.incidents() == []
    assert begun.outbox.counts() == {}


def test_a_model_never_begun_or_begun_again_otherwise_records_nothing(store: Store) -> None:
    assert not store.record(step(0))
    store.begin(replace(STATE, reference_key="another"))
    assert not store.record(step(0))
    assert store.windows("late-arrival") == []


def test_of_many_writers_at_one_revision_exactly_one_records(begun: Store) -> None:
    for number in range(5):
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(begun.record, [step(number)] * 4))
        assert sorted(results) == [False, False, False, True]
    assert [result.window for result in begun.windows("late-arrival")] == [
        day(number) for number in range(5)
    ]


def test_a_window_judged_again_replaces_what_was_kept_of_it(begun: Store) -> None:
    assert begun.record(step(0))
    assert begun.record(step(1))
    new = again(
        2,
        windows=(judged(day(0), p_value=0.5),),
        profiles={day(0): b"new profile"},
        outcomes={day(0): b"new outcomes"},
    )
    assert begun.record(new)
    assert begun.windows("late-arrival") == [judged(day(0), p_value=0.5), judged(day(1))]
    assert begun.profiles("late-arrival") == {day(0): b"new profile", day(1): b"profile 1"}
    assert begun.outcomes("late-arrival") == {day(0): b"new outcomes", day(1): b"outcomes 1"}
    assert begun.predictions("late-arrival")[day(0)] == b"predictions 0"


def test_several_windows_in_one_step_come_back_in_order_of_time(begun: Store) -> None:
    order = [3, 0, 2, 1]
    changes = step(
        0,
        windows=tuple(empty(day(number)) for number in order),
        profiles={day(number): b"%d" % number for number in order},
    )
    assert begun.record(changes)
    assert begun.windows("late-arrival") == [empty(day(number)) for number in range(4)]
    assert list(begun.profiles("late-arrival")) == [day(number) for number in range(4)]


def test_spans_hold_the_windows_that_start_in_them(begun: Store) -> None:
    for number in range(4):
        assert begun.record(step(number))
    start, end = day(1).start, day(3).start
    expected = [day(1), day(2)]
    assert [result.window for result in begun.windows("late-arrival", start, end)] == expected
    assert list(begun.profiles("late-arrival", start, end)) == expected
    assert list(begun.predictions("late-arrival", start, end)) == expected
    assert list(begun.outcomes("late-arrival", start, end)) == expected
    assert list(begun.outcome_days("late-arrival", start, end)) == expected
    assert list(begun.outcomes("late-arrival", end=start)) == [day(0)]
    assert list(begun.outcomes("late-arrival", start=end)) == [day(3)]
    assert begun.outcomes("late-arrival", end, start) == {}
    assert begun.outcomes("another") == {}


def test_the_newest_judgement_of_a_span_counts_and_every_one_is_kept(begun: Store) -> None:
    first, second = performance(0), performance(0, judged_after=2 * DAY, labelled=6000)
    other = performance(1)
    assert begun.record(again(0, performance=(second, other)))
    assert begun.record(again(0, 2, performance=(first,)))
    assert begun.performance("late-arrival") == [second, other]
    every = begun.performance("late-arrival", every_judgement=True)
    assert every == [first, second, other]
    replaced = replace(second, labelled=6001, alarm=False, severity=None)
    assert begun.record(again(0, 3, performance=(replaced,)))
    assert begun.performance("late-arrival") == [replaced, other]
    assert len(begun.performance("late-arrival", every_judgement=True)) == 3


def test_performance_is_of_spans_that_end_after_the_start_and_up_to_the_end(begun: Store) -> None:
    results = tuple(performance(number) for number in range(4))
    assert begun.record(again(0, performance=results))
    found = begun.performance("late-arrival", results[0].span.end, results[2].span.end)
    assert found == [results[1], results[2]]


def test_beginning_again_forgets_results_and_keeps_incidents(begun: Store) -> None:
    found = incident(0)
    event, row = told(found, due=BEGIN)
    labelled = STATE.next(position=day(0).end, labels_until=BEGIN, early_labels=b"early")
    changes = step(0, state=labelled, performance=(performance(0),), incidents=(found,))
    assert begun.record(replace(changes, events=(event,), outbox=(row,)))
    begun.begin(replace(STATE, name="another"))
    anew = replace(STATE, reference_key="new", reference=b"new")
    kept = begun.begin(anew)
    assert kept == begun.model("late-arrival") == replace(anew, revision=2)
    assert begun.windows("late-arrival") == []
    assert begun.profiles("late-arrival") == {}
    assert begun.predictions("late-arrival") == {}
    assert begun.outcomes("late-arrival") == begun.outcome_days("late-arrival") == {}
    assert begun.performance("late-arrival") == []
    assert begun.incidents() == [found]
    assert begun.events(found.id) == [event]
    assert begun.outbox.counts() == {"pending": 1}


def test_models_do_not_touch_each_other(begun: Store) -> None:
    begun.begin(replace(STATE, name="another"))
    other = step(0)
    other = replace(other, state=replace(other.state, name="another"))
    assert begun.record(step(0))
    assert begun.record(replace(other, profiles={day(0): b"of another"}))
    begun.drop_predictions("another", day(5).end)
    begun.begin(replace(STATE, name="another"))
    assert begun.profiles("late-arrival") == {day(0): b"profile 0"}
    assert begun.predictions("late-arrival") == {day(0): b"predictions 0"}


def test_early_labels_are_replaced_and_forgotten(begun: Store) -> None:
    state = STATE
    for labels in (b"some", b"some more", None):
        state = state.next(early_labels=labels)
        assert begun.record(Changes(state))
        assert begun.model("late-arrival") == state


def test_the_reference_is_kept_by_begin_alone(begun: Store) -> None:
    state = STATE.next(reference=b"another reference", labels_until=BEGIN)
    assert begun.record(Changes(state))
    assert begun.model("late-arrival") == replace(state, reference=b"reference")


def test_dropped_predictions_are_those_of_windows_that_have_ended_by_then(begun: Store) -> None:
    for number in range(3):
        assert begun.record(step(number))
    begun.drop_predictions("late-arrival", day(1).end - timedelta(microseconds=1))
    assert list(begun.predictions("late-arrival")) == [day(1), day(2)]
    begun.drop_predictions("late-arrival", day(1).end)
    assert list(begun.predictions("late-arrival")) == [day(2)]
    assert len(begun.outcomes("late-arrival")) == 3
    begun.drop_predictions("unknown", day(1).end)


def test_incidents_are_replaced_by_id_and_listed_as_they_were_opened(begun: Store) -> None:
    second, first = incident(1), incident(0)
    assert begun.record(again(0, incidents=(second, first)))
    over = replace(first, state="resolved", resolved=day(3).end, severity="critical", quiet=3)
    acknowledged = replace(second, state="acknowledged")
    assert begun.record(again(0, 2, incidents=(over, acknowledged)))
    assert begun.incidents() == [over, acknowledged]
    assert begun.incidents(open_only=True) == [acknowledged]
    assert begun.incidents("late-arrival", open_only=True) == [acknowledged]
    assert begun.incidents("another") == []


def test_incidents_that_are_long_over_need_not_be_read(begun: Store) -> None:
    over, ended, lasting = (
        incident(0, state="resolved", resolved=day(3).end),
        incident(1, state="resolved", resolved=day(7).end),
        incident(2),
    )
    of_another = incident(0, id="other", model="another")
    assert begun.record(again(0, incidents=(over, ended, lasting, of_another)))
    assert begun.incidents("late-arrival", since=day(7).end) == [ended, lasting]
    later = day(7).end + timedelta(microseconds=1)
    assert begun.incidents("late-arrival", since=later) == [lasting]
    assert begun.incidents(since=later) == [of_another, lasting]
    assert begun.incidents("late-arrival", open_only=True, since=BEGIN) == [lasting]
    assert begun.incidents("late-arrival", since=BEGIN, until=day(2).start) == [over, ended]
    assert begun.incidents("late-arrival", since=day(5).start, until=day(2).start) == [ended]
    gone = replace(lasting, state="resolved", resolved=day(8).end)
    assert begun.record(again(0, 2, incidents=(gone,)))
    assert begun.incidents("late-arrival", since=day(9).start) == [gone]
    assert begun.incidents("late-arrival", since=day(9).end) == []


def test_events_and_outbox_rows_are_kept_once_as_they_were_first(begun: Store) -> None:
    found = incident(0)
    event, row = told(found, due=BEGIN)
    assert begun.record(again(0, incidents=(found,), events=(event, event), outbox=(row, row)))
    [(claimed, _)] = begun.outbox.claim("log", BEGIN)
    begun.outbox.settle([replace(claimed, state="sent")])
    changed = replace(event, note="another note")
    assert begun.record(again(0, 2, incidents=(found,), events=(changed,), outbox=(row,)))
    assert begun.events(found.id) == [event]
    assert begun.outbox.counts() == {"sent": 1}


def test_events_come_in_order_of_time_then_as_recorded(begun: Store) -> None:
    found = incident(0)
    at = found.opened
    events = (
        Event("c", found, "worsened", at + DAY, by="somebody"),
        Event("b", found, "opened", at),
        Event("a", replace(found, state="acknowledged"), "acknowledged", at),
    )
    assert begun.record(again(0, incidents=(found,), events=events))
    assert begun.events(found.id) == [events[1], events[2], events[0]]


def test_an_event_without_its_incident_records_nothing(begun: Store) -> None:
    event, row = told(incident(0), due=BEGIN)
    with pytest.raises(StoreError):
        begun.record(step(0, events=(event,), outbox=(row,)))
    with pytest.raises(StoreError):
        begun.record(step(0, outbox=(row,)))
    assert begun.model("late-arrival") == STATE
    assert begun.windows("late-arrival") == []
    assert begun.profiles("late-arrival") == {}


def test_a_person_s_change_of_an_incident_is_not_overwritten_by_a_run(begun: Store) -> None:
    found = incident(0)
    assert begun.record(step(0, incidents=(found,)))
    before = begun.model("late-arrival")
    assert before is not None
    event, row = told(found, due=BEGIN)
    acknowledged = replace(found, state="acknowledged", updated=found.updated + DAY)
    event = replace(event, incident=acknowledged, kind="acknowledged", by="Ada")
    assert begun.act(found, acknowledged, (event,), (row,))
    assert begun.incidents() == [acknowledged]
    assert begun.events(found.id) == [event]
    assert begun.outbox.counts() == {"pending": 1}
    assert not begun.record(step(1, incidents=(replace(found, quiet=1),)))
    assert begun.incidents() == [acknowledged]
    now = begun.model("late-arrival")
    assert now == before.next()
    assert begun.record(Changes(now.next(), incidents=(replace(acknowledged, quiet=1),)))


def test_a_change_of_an_incident_that_is_not_so_any_more_changes_nothing(begun: Store) -> None:
    found = incident(0)
    assert begun.record(step(0, incidents=(replace(found, alarms=2),)))
    before = begun.model("late-arrival")
    event, row = told(found, due=BEGIN)
    assert not begun.act(found, replace(found, state="acknowledged"), (event,), (row,))
    assert not begun.act(incident(5), incident(5))
    assert begun.incidents() == [replace(found, alarms=2)]
    assert begun.outbox.counts() == {}
    assert begun.model("late-arrival") == before


def test_an_incident_of_a_model_that_never_began_is_new_once(store: Store) -> None:
    found = incident(0)
    event, row = told(found, due=BEGIN)
    assert store.act(None, found, (event,), (row,))
    assert store.incidents("late-arrival") == [found]
    assert store.outbox.counts() == {"pending": 1}
    assert not store.act(None, replace(found, message="another"), (event,), (row,))
    assert store.incidents() == [found]
    assert store.model("late-arrival") is None
    store.forget("late-arrival")
    assert store.incidents() == []
    assert store.outbox.counts() == {}


def test_acceptances_are_kept_with_their_step_and_outlast_the_reference(
    begun: Store, reopened: Callable[[Store], Store]
) -> None:
    one = Acceptance(
        "a",
        STATE.name,
        BEGIN,
        BEGIN + DAY,
        "ann",
        "prices",
        ("temp", "dewp"),
        True,
        quality=("dewp",),
    )
    late = begun.record(Changes(STATE.next().next(), acceptances=(one,)))
    assert not late
    assert begun.acceptances(STATE.name) == []
    later = replace(one, id="0", at=BEGIN + 2 * DAY, columns=())
    assert begun.record(Changes(STATE.next(), acceptances=(later, one)))
    begun.begin(replace(STATE, reference_key="another"))
    store = reopened(begun)
    assert store.acceptances(STATE.name) == [one, later]
    assert store.acceptances("another") == []
    state = store.model(STATE.name)
    assert state is not None
    undone = replace(one, undone_at=BEGIN + 3 * DAY, undone_by="bob", undone_reason="a bug")
    assert store.record(Changes(state.next(), acceptances=(undone,)))
    assert store.acceptances(STATE.name) == [undone, later]


def test_mutes_are_kept_until_they_end(store: Store, reopened: Callable[[Store], Store]) -> None:
    one = Mute("a", "late-arrival", BEGIN, BEGIN + DAY, by="Ada", reason="a deployment")
    every = Mute("b", None, BEGIN - DAY, BEGIN + 2 * DAY)
    store.put_mute(one)
    store.put_mute(every)
    store = reopened(store)
    assert store.mutes(BEGIN) == [every, one]
    assert store.mutes(BEGIN + DAY) == [every]
    store.put_mute(replace(every, end=BEGIN))
    assert store.mutes(BEGIN) == [one]


def queued(number: int, channel: str = "log", **changes: Any) -> OutboxRow:
    """An outbox row of the first incident's first event, due on a day."""
    row = told(incident(0), due=day(number).start, channel=channel)[1]
    return replace(row, id=f"{channel}{number:03}", **changes)


def with_outbox(store: Store, *rows: OutboxRow) -> Outbox:
    found = incident(0)
    assert store.record(again(0, incidents=(found,), events=(told(found, due=BEGIN)[0],)))
    assert store.act(found, found, (), rows)
    return store.outbox


def names(claimed: list[tuple[OutboxRow, Event]]) -> list[str]:
    return [row.id for row, _ in claimed]


def settled(claimed: list[tuple[OutboxRow, Event]], **changes: Any) -> list[OutboxRow]:
    return [replace(row, **changes) for row, _ in claimed]


def test_a_channel_is_given_one_batch_after_the_other_as_they_were_recorded(begun: Store) -> None:
    first = [queued(number, batch="a") for number in (5, 3)]
    outbox = with_outbox(begun, *first, queued(1, batch="b"), queued(2), queued(0, "mail"))
    found = []
    while claimed := outbox.claim("log", day(9).start):
        assert outbox.claim("log", day(9).start) == []
        found.append(names(claimed))
        outbox.settle(settled(claimed, state="sent", settled=day(9).start))
    assert found == [["log005", "log003"], ["log001"], ["log002"]]
    assert outbox.counts() == {"sent": 4, "pending": 1}


def test_what_stands_behind_a_row_that_is_not_due_waits_and_other_channels_do_not(
    begun: Store, reopened: Callable[[Store], Store]
) -> None:
    outbox = with_outbox(begun, queued(0, batch="a"), queued(1), queued(1, "mail"))
    later: dict[str, Any] = {
        "due": day(3).start,
        "attempts": 1,
        "error": "\x00 \udcff",
        "rest": ("ann", "bob"),
    }
    claimed = outbox.claim("log", day(2).start)
    outbox.settle(settled(claimed, state="pending", settled=day(2).start, **later))
    outbox = reopened(begun).outbox
    assert outbox.claim("log", day(3).start - timedelta(microseconds=1)) == []
    assert names(outbox.claim("mail", day(2).start)) == ["mail001"]
    [(row, event)] = outbox.claim("log", day(3).start)
    expected = queued(0, batch="a", state="claimed", settled=day(2).start)
    assert row == replace(expected, **later)
    assert event.incident == incident(0)


def test_what_has_failed_or_is_held_back_holds_nothing_up_and_can_be_put_back(
    begun: Store,
) -> None:
    outbox = with_outbox(begun, queued(0), queued(1), queued(2))
    now = day(9).start
    outbox.settle(settled(outbox.claim("log", now), state="failed", error="404"))
    outbox.settle(settled(outbox.claim("log", now), state="held"))
    [(failed, event)] = outbox.rows("failed")
    assert (failed.id, failed.error, event.kind) == ("log000", "404", "opened")
    outbox.settle([replace(failed, state="pending")], was="failed")
    outbox.settle([replace(failed, state="dropped")], was="failed")
    assert names(outbox.claim("log", now)) == ["log000"]
    assert names(outbox.rows("held")) == ["log001"]
    assert outbox.counts() == {"claimed": 1, "held": 1, "pending": 1}


def test_a_claim_whose_process_died_comes_back_after_a_while(begun: Store) -> None:
    outbox = with_outbox(begun, queued(0))
    now = day(5).start
    first = outbox.claim("log", now)
    assert len(first) == 1
    assert outbox.claim("log", now + CLAIM_LASTS - timedelta(microseconds=1)) == []
    assert outbox.claim("log", now + CLAIM_LASTS) == first
    assert outbox.claim("log", now + CLAIM_LASTS) == []


def test_what_was_sent_is_sent_whatever_a_slower_process_says(begun: Store) -> None:
    outbox = with_outbox(begun, queued(0), queued(1))
    now = day(5).start
    for fast_first in (True, False):
        slow = outbox.claim("log", now)
        fast = outbox.claim("log", now + CLAIM_LASTS)
        for claimed in (fast, slow) if fast_first else (slow, fast):
            state = "sent" if claimed is fast else "pending"
            outbox.settle(settled(claimed, state=state))
    assert outbox.counts() == {"sent": 2}


def test_the_newest_row_of_each_open_incident_and_channel_is_found(begun: Store) -> None:
    over = incident(1, state="resolved")
    event, row = told(over, due=BEGIN)
    outbox = with_outbox(begun, queued(0), queued(0, "mail"), queued(1))
    assert begun.record(again(0, 3, incidents=(over,), events=(event,), outbox=(row,)))
    newest = {key: row.id for key, row in outbox.newest().items()}
    name = incident(0).id
    assert newest == {(name, "log"): "log001", (name, "mail"): "mail000"}
    assert [row.id for row in outbox.of_incident(name)] == ["log000", "mail000", "log001"]
    assert outbox.of_incident(over.id) == [row]


def test_an_incident_is_found_by_its_id(begun: Store) -> None:
    with_outbox(begun)
    assert begun.incident(incident(0).id) == incident(0)
    assert begun.incident("another") is None


def test_claims_from_many_threads_never_give_a_row_twice(begun: Store) -> None:
    made = [queued(0, f"channel {number}") for number in range(40)]
    outbox = with_outbox(begun, *made)

    def claim_all(_: int) -> list[str]:
        claimed = [outbox.claim(row.channel, day(90).start) for row in made]
        return [name for one in claimed for name in names(one)]

    with ThreadPoolExecutor(4) as pool:
        claimed = [name for found in pool.map(claim_all, range(4)) for name in found]
    assert sorted(claimed) == sorted(row.id for row in made)


def filled(store: Store, days: int, **other: Any) -> None:
    """So many days, each with all that a window can have."""
    windows = [day(number) for number in range(days)]
    state = store.model("late-arrival")
    assert state is not None
    blobs = dict.fromkeys(windows, b"blob")
    changes = Changes(
        state.next(position=windows[-1].end),
        windows=tuple(map(empty, windows)),
        profiles=blobs,
        outcomes=blobs,
        outcome_days=blobs,
        performance=tuple(performance(number) for number in range(days)),
        **other,
    )
    assert store.record(changes)


def test_what_is_too_old_is_deleted_a_few_rows_at_a_time_the_oldest_first(begun: Store) -> None:
    filled(begun, 10)
    aged = Aged(profiles=day(6).end, outcomes=day(4).end, results=day(2).end)
    assert begun.prune("late-arrival", aged, 3) == 3
    assert list(begun.profiles("late-arrival")) == [day(number) for number in range(3, 10)]
    while begun.prune("late-arrival", aged, 3):
        pass
    assert list(begun.profiles("late-arrival")) == [day(7), day(8), day(9)]
    for kept in (begun.outcomes, begun.outcome_days):
        assert list(kept("late-arrival")) == [day(number) for number in range(5, 10)]
    left = [result.window for result in begun.windows("late-arrival")]
    assert left == [day(number) for number in range(3, 10)]
    assert [result.span.end for result in begun.performance("late-arrival")] == [
        window.end for window in left
    ]
    assert begun.prune("late-arrival", Aged()) == 0
    assert begun.prune("unknown", aged) == 0


def test_profiles_of_spans_that_are_shown_are_kept(begun: Store) -> None:
    filled(begun, 10)
    shown = (Window(day(5).start, day(6).end), Window(day(1).start, day(2).end), day(2))
    assert begun.prune("late-arrival", Aged(profiles=day(7).end, shown=shown)) == 4
    assert list(begun.profiles("late-arrival")) == [day(n) for n in (1, 2, 5, 6, 8, 9)]


def test_profiles_that_are_pictured_with_an_incident_are_kept(begun: Store) -> None:
    over = incident(1, state="resolved", resolved=day(3).end)
    of_another = incident(0, id="other", model="another")
    filled(begun, 10, incidents=(incident(6), over, of_another))
    aged = Aged(profiles=day(8).end, shown=(day(4),), pictured=2 * DAY)
    while begun.prune("late-arrival", aged, 2):
        pass
    assert list(begun.profiles("late-arrival")) == [day(n) for n in (1, 2, 4, 6, 7, 9)]


def test_of_old_spans_the_newest_judgement_is_kept(begun: Store) -> None:
    results = [performance(n, judged_after=later * DAY) for n in (0, 5) for later in (1, 2, 9)]
    assert begun.record(Changes(STATE.next(), performance=tuple(results)))
    assert begun.prune("late-arrival", Aged(superseded=day(4).end)) == 2
    assert begun.performance("late-arrival", every_judgement=True) == results[2:]


def test_incidents_that_ended_long_ago_go_with_their_events_unless_something_is_to_be_told(
    begun: Store,
) -> None:
    old = incident(0, state="resolved", resolved=day(1).end)
    told = incident(1, state="resolved", resolved=day(2).end)
    untold = incident(2, state="resolved", resolved=day(3).end)
    new = incident(3, state="resolved", resolved=day(9).end)
    lasting = incident(4)
    all_of_them = (old, told, untold, new, lasting)
    events = tuple(Event(f"{one.id}/opened", one, "opened", one.opened) for one in all_of_them)
    rows = tuple(
        OutboxRow(f"{e.id}/log", e.id, "late-arrival", "log", "pending", e.at) for e in events
    )
    changes = Changes(STATE.next(), incidents=all_of_them, events=events, outbox=rows)
    assert begun.record(changes)
    assert begun.prune("late-arrival", Aged(results=day(5).end)) == 0
    sent = [replace(row, state="sent") for row in rows if row.id != rows[2].id]
    begun.outbox.settle(sent, was="pending")
    assert begun.prune("late-arrival", Aged(results=day(5).end)) == 2
    assert begun.incidents() == [untold, new, lasting]
    assert begun.events(old.id) == []
    assert begun.outbox.of_incident(told.id) == []
    assert begun.events(untold.id) == [events[2]]
    assert begun.outbox.counts() == {"pending": 1, "sent": 2}


def everything(name: str) -> Changes:
    """A day of a model with one of everything."""
    found = incident(0, id=f"{name}/1", model=name)
    event, row = told(found, due=BEGIN)
    made = step(0, performance=(performance(0),), incidents=(found,), events=(event,))
    accepted = Acceptance(name, name, BEGIN, BEGIN + DAY, "ann", "prices", ("temp",), False)
    state = replace(made.state, name=name)
    return replace(made, state=state, outbox=(row,), acceptances=(accepted,))


def test_a_forgotten_model_leaves_nothing_and_others_keep_everything(store: Store) -> None:
    for name in ("late-arrival", "another"):
        store.begin(replace(STATE, name=name, early_labels=b"early"))
        assert store.record(everything(name))
    store.forget("late-arrival")
    assert store.model("late-arrival") is None
    assert store.models() == ["another"]
    assert store.windows("late-arrival") == []
    assert store.profiles("late-arrival") == store.outcomes("late-arrival") == {}
    assert store.outcome_days("late-arrival") == {}
    assert store.predictions("late-arrival") == {}
    assert store.performance("late-arrival") == []
    assert store.acceptances("late-arrival") == []
    assert [found.model for found in store.incidents()] == ["another"]
    assert store.events("late-arrival/1") == []
    assert store.outbox.counts() == {"pending": 1}
    assert store.windows("another") == [judged(day(0))]
    assert len(store.events("another/1")) == len(store.acceptances("another")) == 1


def test_only_the_incidents_can_be_forgotten(begun: Store) -> None:
    assert begun.record(everything("late-arrival"))
    begun.forget("late-arrival", only_incidents=True)
    assert begun.incidents() == []
    assert begun.outbox.counts() == {}
    assert begun.windows("late-arrival") == [judged(day(0))]
    assert begun.performance("late-arrival") == [performance(0)]


@pytest.mark.parametrize("only_incidents", [True, False])
def test_a_run_that_began_before_a_model_was_forgotten_records_nothing(
    begun: Store, only_incidents: bool
) -> None:
    begun.forget("late-arrival", only_incidents)
    assert not begun.record(step(0))
    if not only_incidents:
        begun.begin(STATE)
    assert not begun.record(step(0))
    state = begun.model("late-arrival")
    assert state is not None
    assert begun.record(step(0, state=state.next(position=day(0).end)))


def test_a_model_that_was_never_begun_can_be_forgotten(begun: Store) -> None:
    begun.forget("another")
    assert begun.models() == ["late-arrival"]


def test_what_references_teach_is_kept_until_there_is_another_reference(
    begun: Store, reopened: Callable[[Store], Store]
) -> None:
    for number in range(MOST_LEARNED + 2):
        begun.learned.put("late-arrival", str(number), b"%d" % number)
    begun.learned.put("late-arrival", "3", b"again")
    begun.learned.put("late-arrival", "new", b"new")
    begun.learned.put("unknown", "new", b"new")
    begun.begin(replace(STATE, name="another"))
    begun.learned.put("another", "new", b"of another")
    store = reopened(begun)
    names = [*map(str, range(MOST_LEARNED + 2)), "new"]
    kept = {name: store.learned.find("late-arrival", name) for name in names}
    assert {name: body for name, body in kept.items() if body} == {
        "4": b"4",
        "5": b"5",
        "3": b"again",
        "new": b"new",
    }
    assert store.model("late-arrival") == STATE
    store.begin(replace(STATE, reference_key="other"))
    assert store.learned.find("late-arrival", "new") is None
    assert store.learned.find("another", "new") == b"of another"
    store.forget("another", only_incidents=True)
    assert store.learned.find("another", "new") == b"of another"
    store.forget("another")
    assert store.learned.find("another", "new") is None
