"""Health: how Driftline itself fares: schedule, sources, notices that wait, the log."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from driftline.dashboard.login.visitor import may_act
from driftline.dashboard.navigation import href
from driftline.dashboard.shell import crumbs, empty, piece, refreshed
from driftline.dashboard.shown import shown
from driftline.service.build import outlets_of
from driftline.service.status import ModelStatus, Status, status_of
from driftline.service.unsent import send_again, unsent_of
from driftline.stores.sql import SqlStore
from driftline.wording import count

ROWS = 200
"""Models that are listed at once; those in trouble come first."""
NOTICES = 50
"""Notices that were given up and are listed."""


def draw() -> None:
    crumbs(("Models", href("overview")), ("Health", ""))
    if not isinstance(shown().store, SqlStore):
        empty("Nothing is kept", "This store forgets: how Driftline fares is not written down.")
        return
    _standing()


@refreshed
def _standing() -> None:
    store = shown().store
    assert isinstance(store, SqlStore)
    found = status_of(shown().settings, store, shown().now())
    models = sorted(found.models, key=_need)
    level, told = _told(found)
    piece(
        "health.html.j2",
        "models",
        found=found,
        level=level,
        told=told,
        models=models[:ROWS],
        more=len(models) - ROWS,
    )
    _notices(found)
    piece("log.html.j2", "log", found=found)


def _need(model: ModelStatus) -> tuple[bool, bool, int]:
    return not model.failures, not model.is_late, -model.behind


def _told(found: Status) -> tuple[str, str]:
    """The whole page in a sentence, and how grave that is. What waits and will be done by itself,
    or by the next check, is told and is no trouble."""
    failing = sum(bool(model.failures) for model in found.models)
    late = sum(model.is_late for model in found.models)
    given_up = sum(channel.failed for channel in found.channels)
    broken = sum(bool(log.error) for log in found.logs)
    gone = not all(channel.known for channel in found.channels)
    behind = sum(bool(model.behind) for model in found.models if not model.looked)
    again = sum(channel.waiting for channel in found.channels if channel.error)
    parts = [
        f"{count(failing, 'model')} cannot be judged" if failing else "",
        f"{count(late, 'model')} nobody is at" if late else "",
        f"{count(given_up, 'notice')} could not be sent" if given_up else "",
        f"{count(broken, 'log')} cannot be read" if broken else "",
        "a channel is gone" if gone else "",
        f"{count(behind, 'model')} not judged up to now" if behind else "",
        f"{count(again, 'notice')} waiting to be sent" if again else "",
    ]
    told = "; ".join(part for part in parts if part)
    if not told:
        return "ok", "Driftline itself is well."
    return "low" if found.runs_well else "high", f"{told}."


def _notices(found: Status) -> None:
    outlets = [channel.name for channel in found.channels if channel.known]
    unsent = unsent_of(shown().store, outlets)
    piece(
        "unsent.html.j2",
        "unsent",
        found=found,
        unsent=unsent[:NOTICES],
        more=len(unsent) - NOTICES,
        done=st.session_state.pop("sent-again", None),
    )
    failed = [one for one in unsent if one.row.state == "failed" and one.row.channel in outlets]
    if failed and may_act():
        words = f"Send {count(len(failed), 'notice')} again, now"
        if st.button(words, key="send-again"):
            _again()


def _again() -> None:
    store, settings = shown().store, shown().settings
    outlets = outlets_of(settings, store)
    unsent = [one for one in unsent_of(store, outlets) if one.row.channel in outlets]
    with st.spinner("Sending"):
        delivered = send_again(store, outlets, unsent, datetime.now(UTC))
    st.session_state["sent-again"] = delivered
    st.rerun()
