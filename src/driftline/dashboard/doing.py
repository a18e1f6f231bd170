"""What a person does about an incident on its page: the buttons, and the acts behind them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from driftline.dashboard.login.visitor import may_act, visitor
from driftline.dashboard.shown import shown
from driftline.errors import IncidentError
from driftline.records import Incident
from driftline.service import acts

SNOOZES = {
    "1 hour": timedelta(hours=1),
    "8 hours": timedelta(hours=8),
    "1 day": timedelta(days=1),
    "3 days": timedelta(days=3),
    "1 week": timedelta(weeks=1),
}

Act = Callable[[str, str], Incident]
"""Does it, given who and what for."""


def bar(incident: Incident) -> None:
    """The buttons, for those who may act; each opens a form that asks who (unless a login has told
    that) and why."""
    if not may_act():
        return
    store, now, name = shown().store, shown().now, incident.id
    with st.container(horizontal=True, key="acts"):
        if incident.is_open:
            if incident.state != "acknowledged":
                _form(
                    "Acknowledge",
                    "I have taken it on: nobody is reminded of it any more.",
                    lambda by, note: acts.acknowledge(store, name, by, note, now()),
                )
            _snooze(incident)
            _form(
                "Resolve",
                "It is over. Should the trouble go on, the next window opens a new incident.",
                lambda by, note: acts.resolve(store, name, by, note, now()),
            )
        _form(
            "Add a note",
            "A remark that is kept with the incident.",
            lambda by, note: acts.note(store, name, by, note, now()),
        )


def _snooze(incident: Incident) -> None:
    chosen = st.session_state.get("snooze-for", "1 day")

    def act(by: str, note: str) -> Incident:
        at = shown().now()
        until = at + SNOOZES[st.session_state.get("snooze-for", chosen)]
        return acts.snooze(shown().store, incident.id, by, note, at, until)

    _form("Snooze", "Nobody is reminded of it until then; then it is told again.", act, SNOOZES)


def _form(title: str, words: str, act: Act, lengths: dict[str, timedelta] | None = None) -> None:
    key = title.lower().replace(" ", "-")
    done = st.session_state.get("acts-done", 0)
    with st.popover(title, key=f"{key}-open-{done}"), st.form(f"{key}-form", border=False):
        st.caption(words)
        if lengths:
            st.selectbox("For", list(lengths), index=2, key=f"{key}-for")
        known = visitor()
        if known is None:
            by = st.text_input("Who", value=st.session_state.get("who", ""), key=f"{key}-by")
        else:
            by = known.name
        note = st.text_area("Why", key=f"{key}-note", max_chars=4000, height=80)
        if st.form_submit_button(title, type="primary", key=f"{key}-do"):
            _do(act, by, note)


def _do(act: Act, by: str, note: str) -> None:
    """Do it and draw the page anew, or say why it was not done."""
    who = by.strip()
    if not who:
        st.error("Say who you are: it is kept with the incident.")
        return
    st.session_state["who"] = who
    try:
        act(who, note.strip())
    except IncidentError as error:
        st.error(str(error).replace("$", "\\$"))
    else:
        st.session_state["acts-done"] = st.session_state.get("acts-done", 0) + 1
        st.rerun()
