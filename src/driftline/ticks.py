"""Ticks: the moments at which a model is looked at. Pure; a clock is never read here.

A length of time ticks at its whole multiples since 1970 in UTC (`1h`: on the hour). A cron
expression ticks by the wall clock of a time zone. When clocks go forward, a tick in the hour that
does not exist comes right after it; when they go back, a tick at a fixed time comes once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

from driftline.windows import format_duration, window_at


@dataclass(frozen=True)
class Cron:
    """A cron expression of five fields: minute, hour, day of month, month, day of week.

    >>> Cron("0 6 * * *")
    Cron(expression='0 6 * * *')
    """

    expression: str

    def __post_init__(self) -> None:
        try:
            if len(self.expression.split()) != 5:
                raise CronSimError("it must have five fields")
            next(CronSim(self.expression, datetime(2024, 1, 1, tzinfo=UTC)))
        except StopIteration:
            raise ValueError(f'no moment is ever like "{self.expression}"') from None
        except CronSimError as error:
            raise ValueError(
                f'"{self.expression}" is no cron expression ({error}); "0 6 * * *" is every '
                "day at 6:00"
            ) from None


Every = timedelta | Cron
"""How often: a length of time or a cron expression."""


def written(every: Every) -> str:
    """As the settings have it.

    >>> written(timedelta(hours=6)), written(Cron("0 6 * * *"))
    ('6h', '0 6 * * *')
    """
    return format_duration(every) if isinstance(every, timedelta) else every.expression


def tick_after(every: Every, zone: tzinfo, moment: datetime) -> datetime:
    """The first tick after `moment`, in UTC.

    >>> from datetime import UTC
    >>> tick_after(Cron("0 6 * * *"), UTC, datetime(2026, 1, 1, 6, tzinfo=UTC)).isoformat()
    '2026-01-02T06:00:00+00:00'
    """
    if isinstance(every, timedelta):
        return window_at(moment, every).end
    ticks = CronSim(every.expression, moment.astimezone(zone))
    return next(tick for tick in (each.astimezone(UTC) for each in ticks) if tick > moment)
