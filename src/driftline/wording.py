"""Numbers, dates and kinds as people read them; shared by charts, report and dashboard.

Numbers carry a true minus sign, shares a thin space before the percent sign, dates no zone: pages
say once that all times are UTC.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from driftline.windows import MICROSECOND, Window

_FOLDERS = re.compile(r"(?<!\S)/(?:[^/\s]+/)+(?=[^/\s])")

MINUS = "\u2212"
THIN = "\u202f"
DASH = "\u2013"
NONE = "\u2014"

KINDS = {
    "data_drift": "Data drift",
    "prediction_drift": "Prediction drift",
    "performance": "Performance drop",
    "data_quality": "Data quality problem",
}

_METRICS = {
    "roc_auc": "ROC AUC",
    "f1": "F1",
    "mae": "MAE",
    "rmse": "RMSE",
    "mape": "MAPE",
    "r2": "R²",
    "brier": "Brier score",
    "log_loss": "Log loss",
}

_STATISTICS = {
    "psi": "PSI",
    "chi_squared": "Chi-squared",
    "kolmogorov_smirnov": "Kolmogorov\u2013Smirnov",
    "jensen_shannon": "Jensen\u2013Shannon",
}

_SHORT = {
    "kolmogorov_smirnov": "KS",
    "chi_squared": "\u03c7²",
    "jensen_shannon": "JS",
    "missing_share": "Missing",
    "new_category_share": "New categories",
    "new_value_share": "New values",
    "out_of_range_share": "Out of range",
}


def metric_name(name: str) -> str:
    """A metric's or other code word as a title.

    >>> metric_name("roc_auc"), metric_name("balanced_accuracy")
    ('ROC AUC', 'Balanced accuracy')
    """
    return _METRICS.get(name) or name.replace("_", " ").capitalize()


def statistic_short(name: str) -> str:
    """
    >>> statistic_short("kolmogorov_smirnov"), statistic_short("mean_rank")
    ('KS', 'Mean rank')
    """
    return _SHORT.get(name) or statistic_name(name)


def statistic_name(name: str) -> str:
    """
    >>> statistic_name("psi"), statistic_name("missing_share")
    ('PSI', 'Missing share')
    """
    return _STATISTICS.get(name) or name.replace("_", " ").capitalize()


def number(value: float | None, digits: int = 3) -> str:
    """A number to about `digits` significant digits; a dash when undefined.

    Thousands are apart from 10,000 on: below it may be a year.

    >>> number(0.84217), number(1234567.0), number(2013.0), number(-12.3456), number(None)
    ('0.842', '1,234,567', '2013', '−12.3', '—')
    """
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else MINUS + "∞"
    size = abs(value)
    if size >= 1e9 or 0 < size < 10 ** -(digits + 1):
        text = f"{value:.{digits - 1}e}"
    else:
        whole = len(str(int(size))) if size >= 1 else 0
        text = f"{value:{',' if whole > 4 else ''}.{max(0, digits - whole)}f}"
    return text.replace("-", MINUS)


def trimmed(value: float, digits: int = 3) -> str:
    """As `number`, without zeros at the end.

    >>> trimmed(10.0), trimmed(0.5), trimmed(0.0), trimmed(12000.0)
    ('10', '0.5', '0', '12,000')
    """
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def percent(share: float | None, sign: bool = False) -> str:
    """A share as per cent, with its sign when asked.

    >>> percent(0.9531), percent(-0.0534, sign=True), percent(0.034, sign=True)
    ('95.3\\u202f%', '−5.3\\u202f%', '+3.4\\u202f%')
    >>> percent(0.0004), percent(0.9999)
    ('< 0.1\\u202f%', '> 99.9\\u202f%')
    """
    if share is None or not math.isfinite(share):
        return NONE
    if 0 < abs(share) < 0.0005:
        return f"< 0.1{THIN}%"
    if 0.9995 <= share < 1:
        return f"> 99.9{THIN}%"
    digits = 0 if share in (0, 1) else 1
    text = f"{100 * share:{'+' if sign and share else ''},.{digits}f}"
    return f"{text.replace('-', MINUS)}{THIN}%"


def p_value(p: float) -> str:
    """
    >>> p_value(0.0001), p_value(0.0213), p_value(1.0)
    ('p < 0.001', 'p = 0.021', 'p = 1')
    """
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.2g}"


def count(amount: int, noun: str, plural: str = "") -> str:
    """
    >>> count(1, "incident"), count(1234, "row")
    ('1 incident', '1,234 rows')
    """
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def day(moment: datetime) -> str:
    """`2 Apr 2013`"""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y}"


def moment(value: datetime) -> str:
    """A moment; the time of day is left out at midnight.

    >>> moment(datetime(2013, 4, 2, tzinfo=UTC)), moment(datetime(2013, 4, 2, 6, 30, tzinfo=UTC))
    ('2 Apr 2013', '2 Apr 2013, 06:30')
    """
    value = value.astimezone(UTC)
    return day(value) if value.time() == time() else f"{day(value)}, {value:%H:%M}"


def span(window: Window) -> str:
    """A span of time; whole days are told with the last day included.

    >>> span(Window(datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 4, 1, tzinfo=UTC)))
    '1 Jan \u2013 31 Mar 2013'
    """
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    if start.time() == time() and end.time() == time():
        return period(start, datetime.combine(end - MICROSECOND, time(), UTC))
    if start.date() == (end - MICROSECOND).date():
        return f"{day(start)}, {start:%H:%M}{DASH}{end:%H:%M}"
    return period(start, end)


def period(first: datetime, last: datetime) -> str:
    """From one moment to another; what two days have in common is said once.

    >>> period(datetime(2013, 4, 2, tzinfo=UTC), datetime(2013, 4, 19, tzinfo=UTC))
    '2 \u2013 19 Apr 2013'
    """
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    if first.time() != time() or last.time() != time():
        return f"{moment(first)} {DASH} {moment(last)}"
    if first == last:
        return day(last)
    if first.year != last.year:
        return f"{day(first)} {DASH} {day(last)}"
    begin = str(first.day) if first.month == last.month else f"{first.day} {first:%b}"
    return f"{begin} {DASH} {day(last)}"


def duration(length: timedelta) -> str:
    """A length of time in its largest whole unit.

    >>> duration(timedelta(days=3, hours=5)), duration(timedelta(minutes=90))
    ('3 days', '1 hour')
    """
    minutes = int(length.total_seconds() // 60)
    for size, noun in ((24 * 60, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            return count(minutes // size, noun)
    return "under a minute"


def listing(names: Sequence[str], limit: int = 3) -> str:
    """
    >>> listing(["a", "b", "c", "d", "e"]), listing(["a", "b"])
    ('a, b, c and 2 more', 'a and b')
    """
    if len(names) > limit:
        return f"{', '.join(names[:limit])} and {len(names) - limit} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else list(names))


def file_names(text: str) -> str:
    """A text in which of each path only the name of the file is left, for where room is short.

    >>> file_names("/srv/models/late/predictions/2026-11-08.parquet: cannot be read")
    '…/2026-11-08.parquet: cannot be read'
    """
    return _FOLDERS.sub("…/", text)


def shortened(text: str, longest: int) -> str:
    """Text of any length, cut off behind so many characters.

    >>> shortened("a text", 6), shortened("a longer text", 8)
    ('a text', 'a longer...')
    """
    return text if len(text) <= longest else f"{text[:longest]}..."


def one_line(text: str) -> str:
    """Text from data on one line, without characters that do not show.

    >>> one_line("a\\r\\nBcc: b\\x00 c")
    'a Bcc: b c'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
