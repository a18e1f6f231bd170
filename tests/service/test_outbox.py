"""What becomes of notices: outages, errors for good, reminders, mutes; the clock is the test's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from driftline.channels.slack import SlackChannel
from driftline.errors import IncidentError, IncidentOver, NoSuchIncident, Refused, TryAgain
from driftline.incidents import Finding, advance
from driftline.notices import Notice
from driftline.records import Changes, Incident, IncidentKind, ModelState, Severity
from driftline.service.acts import acknowledge, mute, note, resolve, snooze, unmute
from driftline.service.outbox import TRIES, Delivered, Outlet, deliver
from driftline.service.reminders import remind
from driftline.service.routing import outbox_rows
from driftline.settings import Settings, parse_settings
from driftline.stores import Store, open_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SETTINGS = """
models:
  - name: churn
    predictions: {source: parquet, path: churn, timestamp: t}
    reference: {from: 2026-01-01, to: 2026-02-01}
  - name: fraud
    predictions: {source: parquet, path: fraud, timestamp: t}
    reference: {from: 2026-01-01, to: 2026-02-01}
channels:
  - {kind: stderr, name: slack}
  - {kind: stderr, name: mail, min_severity: high, models: [churn], kinds: [performance]}
"""


@dataclass
class Recording:
    """A channel that keeps what it is sent, and raises what it is told to."""

    sent: list[Notice] = field(default_factory=list)
    trouble: Exception | None = None

    def send(self, notice: Notice) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(notice)

    @property
    def told(self) -> list[str]:
        return [notice.title for notice in self.sent]


@dataclass
class Desk:
    """A store with two models, two channels, and a clock that only the test moves."""

    store: Store
    settings: Settings
    now: datetime = NOW
    slack: Recording = field(default_factory=Recording)
    mail: Recording = field(default_factory=Recording)

    def find(
        self,
        column: str,
        severity: Severity = "medium",
        kind: IncidentKind = "data_drift",
        model: str = "churn",
    ) -> list[Incident]:
        """One window of a model finds something; "" finds nothing. What is open then."""
        state = self.store.model(model)
        assert state is not None
        found = [Finding(kind, severity, column, f"{column}: moved", self.now)] if column else []
        known = [i for i in self.store.incidents(model, open_only=True) if i.kind == kind]
        step = advance(model, kind, known, found, self.now)
        channels = self.settings.model(model).channels
        rows = outbox_rows(step.events, channels, f"{model} {self.now}")
        assert self.store.record(
            Changes(state.next(), incidents=step.incidents, events=step.events, outbox=rows)
        )
        return self.store.incidents(model, open_only=True)

    def deliver(self, after: timedelta = timedelta(0)) -> Delivered:
        """Move the clock, remind, and send what is due."""
        self.now += after
        remind(self.settings, self.store, self.now)
        outlets = {"slack": Outlet(self.slack), "mail": Outlet(self.mail)}
        return deliver(self.store, outlets, self.now)

    def serve(self, length: timedelta, every: timedelta = MINUTE) -> None:
        """Deliver over and over for some time, as a service does."""
        for _ in range(length // every):
            self.deliver(every)


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    file = f"sqlite:///{tmp_path / 'driftline.db'}"
    store = open_store("memory://" if request.param == "memory" else file)
    for name in ("churn", "fraud"):
        store.begin(ModelState(name, "key", b"", NOW - DAY))
    yield Desk(store, parse_settings(SETTINGS, {}))
    store.close()


def of(column: str, incidents: list[Incident]) -> Incident:
    return next(incident for incident in incidents if incident.columns == (column,))


# Outages


def test_all_notices_arrive_after_an_outage_of_two_hours_once_and_in_order(desk: Desk) -> None:
    desk.slack.trouble = TryAgain("Slack could not be reached: Connection refused")
    for number in range(8):
        desk.find(f"column {number}", model="churn" if number % 3 else "fraud")
        desk.serve(15 * MINUTE)
    assert desk.store.outbox.counts() == {"pending": 8}
    desk.slack.trouble = None
    desk.serve(15 * MINUTE)
    told = [notice.events[0].incident.columns[0] for notice in desk.slack.sent]
    assert told == [f"column {number}" for number in range(8)]
    assert len({notice.id for notice in desk.slack.sent}) == 8
    assert desk.store.outbox.counts() == {"sent": 8}


def test_a_service_that_asks_for_quiet_is_left_alone_until_then_and_others_are_not(
    desk: Desk,
) -> None:
    desk.find("a", "high", "performance")
    desk.slack.trouble = TryAgain("Slack answered 429", timedelta(minutes=40))
    first = desk.deliver()
    assert (first.sent, len(first.troubles), len(desk.mail.sent)) == (1, 1, 1)
    desk.slack.trouble = None
    desk.find("b", "high", "performance")
    assert desk.deliver(39 * MINUTE).sent == 1
    assert (len(desk.slack.sent), len(desk.mail.sent)) == (0, 2)
    assert desk.deliver(MINUTE).sent == 2
    assert [notice.events[0].incident.columns for notice in desk.slack.sent] == [("a",), ("b",)]


def test_tries_come_further_and_further_apart(desk: Desk) -> None:
    desk.find("a")
    desk.slack.trouble = OSError(111, "Connection refused")
    waits = []
    for _ in range(8):
        desk.deliver()
        (row,) = [row for row, _ in desk.store.outbox.rows("pending")]
        waits.append((row.due - desk.now).total_seconds())
        desk.now = row.due
    assert [round(wait) for wait in waits] == [30, 60, 120, 240, 480, 900, 900, 900]
    assert row.error == "Connection refused"


def test_what_fails_for_good_is_kept_and_what_comes_later_still_goes(desk: Desk) -> None:
    desk.find("a")
    desk.slack.trouble = Refused("Slack answered 404 no_service")
    (trouble,) = desk.deliver().troubles
    assert (trouble.channel, trouble.final) == ("slack", True)
    assert trouble.error == "Slack answered 404 no_service"
    desk.slack.trouble = None
    desk.find("b")
    desk.deliver(MINUTE)
    assert [notice.events[0].incident.columns for notice in desk.slack.sent] == [("b",)]
    [(row, event)] = desk.store.outbox.rows("failed")
    assert (row.error, event.incident.columns) == ("Slack answered 404 no_service", ("a",))


def test_what_is_tried_in_vain_for_days_is_given_up_and_kept(desk: Desk) -> None:
    desk.find("a")
    desk.slack.trouble = TryAgain("Slack answered 500")
    claimed = desk.store.outbox.claim("slack", desk.now)
    rows = [replace(row, state="pending", attempts=TRIES - 1) for row, _ in claimed]
    desk.store.outbox.settle(rows)
    (trouble,) = desk.deliver().troubles
    assert trouble.final
    assert desk.store.outbox.counts() == {"failed": 1}


def test_who_has_it_already_does_not_get_it_again(desk: Desk) -> None:
    desk.find("a")
    desk.slack.trouble = TryAgain("bob was put off", rest=("bob",))
    desk.deliver()
    desk.slack.trouble = None
    desk.deliver(MINUTE)
    assert [notice.only_to for notice in desk.slack.sent] == [("bob",)]


def test_a_channel_that_breaks_loses_no_other_notice_and_tells_no_secret(desk: Desk) -> None:
    desk.find("a", "high", "performance")
    desk.slack.trouble = ZeroDivisionError("SECRET")
    (trouble,) = desk.deliver().troubles
    assert (trouble.error, trouble.final) == ("ZeroDivisionError", True)
    assert len(desk.mail.sent) == 1


def test_a_channel_that_is_slow_holds_up_no_other(desk: Desk) -> None:
    desk.find("a", "high", "performance")
    mailed = threading.Event()

    class Slow:
        def send(self, _: Notice) -> None:
            assert mailed.wait(20)

    class Mail:
        def send(self, _: Notice) -> None:
            mailed.set()

    found = deliver(desk.store, {"slack": Outlet(Slow()), "mail": Outlet(Mail())}, desk.now)
    assert found == Delivered(2)


def test_slack_that_is_silent_then_busy_then_broken_then_well_gets_everything_in_order(
    desk: Desk, loopback: Callable[..., Any]
) -> None:
    server = loopback(None, (429, {"Retry-After": "1800"}, ""), (500, {}, ""))
    slack = {"slack": Outlet(SlackChannel(server.url, timeout=1))}

    def serve(length: timedelta) -> list[str]:
        end = desk.now + length
        told: list[str] = []
        while desk.now < end:
            desk.now += 5 * MINUTE
            told += [trouble.error for trouble in deliver(desk.store, slack, desk.now).troubles]
        return told

    desk.find("a")
    first, busy, *broken = serve(HOUR)
    desk.find("b", model="fraud")
    broken += serve(HOUR)
    desk.find("a", "critical")
    assert ("answer" in first, "429" in busy) == (True, True)
    assert set(broken) == {"Slack answered 500 Internal Server Error"}
    assert 5 <= len(broken) <= 10
    server.answers = [(200, {}, "ok")]
    before = len(server.asked)
    serve(20 * MINUTE)
    assert [json.loads(asked.body)["text"] for asked in server.asked[before:]] == [
        "*churn: Data drift opened (medium)*",
        "*fraud: Data drift opened (medium)*",
        "*churn: Data drift worsened (critical)*",
    ]


def test_what_is_new_is_sent_at_once_even_if_it_is_dated_later(desk: Desk) -> None:
    desk.now += 365 * DAY
    desk.find("a")
    desk.now -= 365 * DAY
    assert desk.deliver().sent == 1


# What is told, and to whom


def test_what_opens_in_one_run_is_one_notice_that_tells_drift_and_performance(desk: Desk) -> None:
    desk.find("a")
    desk.find("accuracy", "high", "performance")
    desk.deliver()
    assert desk.slack.told == ["churn: Performance drop and data drift opened (high)"]


def test_a_channel_hears_of_the_models_kinds_and_severities_it_wants(desk: Desk) -> None:
    desk.find("a", "critical", "data_drift")
    desk.find("b", "medium", "performance")
    desk.find("c", "critical", "performance", "fraud")
    desk.find("d", "critical", "performance")
    desk.deliver()
    assert [[e.incident.columns for e in n.events] for n in desk.mail.sent] == [[("d",)]]


# Reminders


def test_an_open_incident_is_told_again_each_day_until_somebody_takes_it_on(desk: Desk) -> None:
    (incident,) = desk.find("a")
    desk.serve(timedelta(days=2, hours=1), HOUR)
    assert desk.slack.told == [
        "churn: Data drift opened (medium)",
        *["churn: Data drift still open (medium)"] * 2,
    ]
    taken = acknowledge(desk.store, incident.id, "ann", "on it", desk.now)
    assert (taken.state, taken.is_open) == ("acknowledged", True)
    desk.serve(3 * DAY, HOUR)
    assert len(desk.slack.sent) == 3
    worse = desk.find("a", "critical")
    desk.deliver()
    assert desk.slack.told[3] == "churn: Data drift worsened (critical)"
    assert worse[0].state == "acknowledged"
    assert [e.kind for e in desk.store.events(incident.id)] == [
        *("opened", "reminded", "reminded", "acknowledged", "worsened")
    ]


def test_reminders_of_one_model_come_together_and_of_what_has_not_been_sent_not_at_all(
    desk: Desk,
) -> None:
    desk.find("a")
    desk.deliver()
    desk.now += 4 * HOUR
    desk.find("b")
    desk.deliver()
    desk.now += 10 * HOUR
    desk.slack.trouble = TryAgain("away")
    desk.find("c")
    desk.deliver(10 * HOUR)
    desk.slack.trouble = None
    desk.serve(20 * MINUTE)
    assert [len(notice.events) for notice in desk.slack.sent] == [1, 1, 1, 2]
    assert desk.slack.told[3] == "churn: Data drift still open (medium)"


def test_a_snoozed_incident_is_quiet_until_its_time_and_is_told_then(desk: Desk) -> None:
    (incident,) = desk.find("a")
    desk.deliver()
    until = desk.now + 3 * DAY
    snoozed = snooze(desk.store, incident.id, "ann", "", desk.now, until)
    assert (snoozed.state, snoozed.snoozed_until) == ("snoozed", until)
    desk.serve(3 * DAY - HOUR, HOUR)
    assert len(desk.slack.sent) == 1
    desk.deliver(HOUR)
    assert "the snooze is over" in str(desk.slack.sent[1])
    assert desk.store.incident(incident.id) is not None
    assert desk.find("")[0].state == "open"
    desk.serve(DAY, HOUR)
    assert len(desk.slack.sent) == 3


def test_who_heard_of_an_incident_hears_that_it_is_over(desk: Desk) -> None:
    (incident,) = desk.find("a")
    desk.deliver()
    resolve(desk.store, incident.id, "ann", "the feed is mended", desk.now)
    desk.deliver(MINUTE)
    assert desk.slack.told[1] == "churn: Data drift resolved (medium)"
    assert 'by ann: "the feed is mended"' in str(desk.slack.sent[1])
    assert desk.mail.sent == []


def test_acts_that_cannot_be_are_refused(desk: Desk) -> None:
    (incident,) = desk.find("a")
    with pytest.raises(NoSuchIncident, match="driftline incidents"):
        acknowledge(desk.store, "another", "ann", "", desk.now)
    with pytest.raises(IncidentError, match="later than now"):
        snooze(desk.store, incident.id, "ann", "", desk.now, desk.now)
    with pytest.raises(IncidentError, match="needs words"):
        note(desk.store, incident.id, "ann", " ", desk.now)
    over = resolve(desk.store, incident.id, "ann", "", desk.now)
    acts: list[Any] = [acknowledge, resolve]
    for act in acts:
        with pytest.raises(IncidentOver, match="resolved already"):
            act(desk.store, incident.id, "ann", "", desk.now)
    assert note(desk.store, incident.id, "ann", "it was the feed", desk.now).state == over.state
    assert desk.store.events(incident.id)[-1].note == "it was the feed"


def test_a_run_in_flight_does_not_undo_what_a_person_has_done(desk: Desk) -> None:
    state = desk.store.model("churn")
    assert state is not None
    (incident,) = desk.find("a")
    current = desk.store.model("churn")
    assert current is not None
    acknowledge(desk.store, incident.id, "ann", "", desk.now)
    assert not desk.store.record(Changes(current.next(), incidents=(incident,)))
    assert desk.find("a")[0].state == "acknowledged"


# Mutes


def test_what_is_held_back_by_a_mute_is_summed_up_once_it_is_over(desk: Desk) -> None:
    desk.find("before")
    desk.deliver()
    mute(desk.store, "churn", desk.now + 2 * HOUR, "ann", "deployment", desk.now)
    desk.find("a")
    desk.find("b", model="fraud")
    desk.serve(30 * MINUTE)
    desk.find("a", "high")
    passing = of("passing", desk.find("passing", kind="prediction_drift"))
    taken = of("taken", desk.find("taken", kind="data_quality"))
    desk.serve(30 * MINUTE)
    resolve(desk.store, passing.id, "driftline", "", desk.now)
    acknowledge(desk.store, taken.id, "ann", "", desk.now)
    before = of("before", desk.store.incidents("churn"))
    resolve(desk.store, before.id, "driftline", "", desk.now)
    desk.serve(59 * MINUTE)
    assert [notice.model for notice in desk.slack.sent] == ["churn", "fraud"]
    desk.serve(3 * MINUTE)
    (summary,) = desk.slack.sent[2:]
    told = [(news.incident.columns[0], news.what) for news in summary.news]
    assert told == [("a", "opened"), ("before", "resolved")]
    assert summary.title == "churn: Data drift opened (high) and 1 more"
    assert desk.store.outbox.counts()["dropped"] == 3
    desk.serve(2 * HOUR, 10 * MINUTE)
    assert len(desk.slack.sent) == 3


def test_a_mute_can_be_ended_early_and_a_mute_of_all_models_is_ended_with_all(desk: Desk) -> None:
    mute(desk.store, None, desk.now + DAY, "ann", "", desk.now)
    desk.find("a")
    desk.deliver()
    assert desk.slack.sent == []
    assert unmute(desk.store, "churn", desk.now) == []
    (ended,) = unmute(desk.store, None, desk.now + HOUR)
    assert ended.model is None
    desk.serve(2 * HOUR, HOUR)
    assert desk.slack.told == ["churn: Data drift opened (medium)"]
    with pytest.raises(IncidentError, match="later than now"):
        mute(desk.store, None, desk.now, "ann", "", desk.now)
