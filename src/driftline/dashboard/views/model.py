"""Model: one model over the days that are chosen."""

from __future__ import annotations

import streamlit as st

from driftline.dashboard.navigation import href
from driftline.dashboard.shell import crumbs


def draw() -> None:
    name = st.query_params.get("name", "")
    crumbs(("Models", href("overview")), (name, ""))
