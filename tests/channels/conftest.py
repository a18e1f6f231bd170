"""Notices as a run makes them, a loopback server that answers as it is told, a mail server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from driftline.incidents import Finding, advance
from driftline.notices import Notice, notice_of
from driftline.records import Event

NOW = datetime(2013, 5, 7, tzinfo=UTC)
DAY = timedelta(days=1)
NASTY = '<!channel> *net* & "b" <script>alert(1)</script> \r\nBcc: eve@example.com _x_ @here'


def opened(*findings: Finding, now: datetime = NOW) -> tuple[Event, ...]:
    events: list[Event] = []
    for kind in dict.fromkeys(finding.kind for finding in findings):
        mine = [finding for finding in findings if finding.kind == kind]
        events += advance("late-arrival", kind, [], mine, now).events
    return tuple(events)


@pytest.fixture
def drop_and_drift() -> Notice:
    """What opens in one run: performance has dropped, and two columns have drifted."""
    drop = (
        "Accuracy fell from 0.842 to 0.791 (6.1 % worse) over 7 days; "
        "5,900 of 6,100 predictions labelled"
    )
    temp = "temp: median 74 (reference 38); 80 % of values in 51 to 84 (reference 28 to 48)"
    events = opened(
        Finding("performance", "high", None, drop, NOW - 7 * DAY),
        Finding("data_drift", "medium", "temp", temp, NOW - DAY),
        Finding("data_drift", "low", "dew_point", "dew_point: median 60 (reference 20)", NOW - DAY),
    )
    return replace(notice_of("late-arrival", events), url="https://driftline.example.com")


@pytest.fixture
def resolved() -> Notice:
    (event,) = opened(Finding("data_drift", "medium", "temp", "temp: 9 % missing", NOW - DAY))
    over = replace(event.incident, state="resolved", resolved=NOW + 8 * DAY)
    end = replace(event, id="end", incident=over, kind="resolved", at=NOW + 8 * DAY)
    return notice_of("late-arrival", [end])


@pytest.fixture
def nasty() -> Notice:
    """Names and facts from data that would like to be markup, a mention or a header."""
    finding = Finding("data_drift", "critical", NASTY, f"{NASTY}: median 1", NOW - DAY)
    (event,) = opened(finding)
    return notice_of(f"late {NASTY}", [event])


@pytest.fixture
def many() -> Notice:
    """More incidents, columns and words than any message can hold."""
    events = [
        replace(event, incident=replace(event.incident, id=f"{number:016x}"), id=str(number))
        for number in range(300)
        for event in opened(
            *(
                Finding("data_drift", "low", f"column {number} {i}", f"fact & {i} " * 99, NOW)
                for i in range(30)
            )
        )
    ]
    return notice_of("late-arrival", events)


@dataclass(frozen=True)
class Asked:
    """What a loopback server was asked."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Loopback:
    """An HTTP server on 127.0.0.1. Answers one after the other from `answers`, then the last again:
    (status, headers, body), or None: nothing, until the test is over."""

    url: str = ""
    answers: list[tuple[int, dict[str, str], str] | None] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def handler(self) -> type[BaseHTTPRequestHandler]:
        loopback = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                loopback.asked.append(Asked(self.path, headers, body))
                number = min(len(loopback.asked), len(loopback.answers)) - 1
                answer = loopback.answers[number]
                if answer is None:
                    loopback.over.wait(30)
                    return
                status, extra, text = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **extra}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                """Silent."""

        return Handler


@pytest.fixture
def loopback() -> Iterator[Callable[..., Loopback]]:
    """Start a loopback server with these answers."""
    started: list[tuple[Loopback, ThreadingHTTPServer]] = []

    def start(*answers: tuple[int, dict[str, str], str] | None) -> Loopback:
        made = Loopback(answers=list(answers))
        server = ThreadingHTTPServer(("127.0.0.1", 0), made.handler())
        made.url = f"http://127.0.0.1:{server.server_address[1]}/services/T0/B0/SECRETSECRET"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append((made, server))
        return made

    yield start
    for made, server in started:
        made.over.set()
        server.shutdown()
        server.server_close()
