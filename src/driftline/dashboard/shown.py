"""What the dashboard of this process shows. Streamlit runs pages as scripts, which take no
arguments: they find it here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from driftline.dashboard.login.sessions import Sessions
from driftline.settings.models import Settings
from driftline.stores import Store


def clock() -> datetime:
    """What time it is, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Shown:
    """Settings and store that are shown, and what time it is there (a demo's clock stands).

    `sessions` knows who has logged in; None where no login is needed.
    """

    settings: Settings
    store: Store
    now: Callable[[], datetime] = clock
    sessions: Sessions | None = None


_shown: list[Shown] = []


def show(what: Shown) -> None:
    """From now on pages show this."""
    _shown[:] = [what]


def shown() -> Shown:
    """What pages show. RuntimeError when nothing was given to `show`."""
    if not _shown:
        raise RuntimeError("start it with `driftline dashboard` or `driftline serve`")
    return _shown[0]
