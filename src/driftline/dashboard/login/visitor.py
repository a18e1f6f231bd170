"""Who looks at the page that is being drawn."""

from __future__ import annotations

import streamlit as st

from driftline.dashboard.login.sessions import COOKIE, Session, Visitor
from driftline.dashboard.shown import shown


def visitor() -> Visitor | None:
    """Who logged in; None where no login is needed. Whose session is over may do nothing."""
    if shown().sessions is None:
        return None
    found = _session()
    return found.visitor if found else Visitor("", may_act=False)


def may_act() -> bool:
    """Whether who looks may do more than look."""
    found = visitor()
    return found is None or found.may_act


def is_over() -> bool:
    """Whether a login is needed and who looks has none any more."""
    return shown().sessions is not None and _session() is None


def _session() -> Session | None:
    sessions, cookie = shown().sessions, st.context.cookies.get(COOKIE)
    return sessions.find(cookie) if sessions and isinstance(cookie, str) else None
