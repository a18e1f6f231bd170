"""Settings: what is in effect for each model, and the channels, each with a test."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from driftline.dashboard.login.visitor import may_act
from driftline.dashboard.navigation import href
from driftline.dashboard.shell import crumbs, piece
from driftline.dashboard.shown import shown
from driftline.service.build import outlets_of
from driftline.service.unsent import try_channel
from driftline.settings.channels import ChannelSettings, channels_of
from driftline.settings.effective import effective
from driftline.settings.models import Settings


def draw() -> None:
    crumbs(("Models", href("overview")), ("Settings", ""))
    settings = shown().settings
    _model(settings)
    _channels(settings)
    words = "What holds for all models. A model may overrule it; above is what is so for each."
    piece("section.html.j2", "file-head", title="The file", words=words)
    values = list(effective(settings, without=("models", "channels")))
    piece("effective.html.j2", "file", values=values)


def _model(settings: Settings) -> None:
    names = [model.name for model in settings.models]
    words = "Soft values are defaults. Secrets are not shown. Change them in the settings file."
    piece("section.html.j2", "model-head", title="Models", words=words)
    name = st.selectbox("Model", names, key="name", bind="query-params")
    model = settings.model(name)
    channels = model.channels or settings.channels
    piece(
        "effective.html.j2",
        "model",
        values=list(effective(model, without=("channels", "name"))),
        channels=[channel.name for channel in channels],
    )


def _channels(settings: Settings) -> None:
    words = "Where notices go. A test sends one that says that nothing is wrong."
    piece("section.html.j2", "channels-head", title="Channels", words=words)
    found = channels_of(settings)
    if not found:
        piece("nowhere.html.j2", "nowhere")
    for number, channel in enumerate(found):
        _channel(channel, number)


def _channel(channel: ChannelSettings, number: int) -> None:
    key = f"test-{number}"
    with st.container(border=True):
        place, button = st.columns([5, 1], vertical_alignment="center")
        if may_act():
            told = f"{key}-told"
            button.button("Test", key=key, width="stretch", on_click=_test, args=(channel, told))
        with place:
            values = [one for one in effective(channel) if one.key != "name"]
            error = st.session_state.get(f"{key}-told")
            name = f"channel-{number}"
            piece("channel.html.j2", name, channel=channel, values=values, error=error)


def _test(channel: ChannelSettings, told: str) -> None:
    """Send a test notice, and keep what went wrong (or nothing) for the page."""
    if may_act():
        outlet = outlets_of(shown().settings, shown().store)[channel.name]
        st.session_state[told] = try_channel(outlet, datetime.now(UTC)) or ""
