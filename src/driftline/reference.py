"""Reference: what a model is used to, and the grids that everything else is counted on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from driftline.errors import ColumnError, DataError
from driftline.profiles.codec import (
    REFERENCE,
    decode_grids,
    decode_profile,
    encode_grids,
    encode_profile,
    pack,
    seal,
    unpack,
    unseal,
)
from driftline.profiles.fit import fit_table
from driftline.profiles.frames import (
    MISSING_TIME,
    as_table,
    require_columns,
    to_microseconds,
)
from driftline.profiles.grid import MAX_POINTS, Grid
from driftline.profiles.linking import link_columns
from driftline.profiles.profile import Profile, profile_groups, profile_table
from driftline.profiles.running import running_numbers
from driftline.windows import (
    Window,
    format_duration,
    from_micros,
    iso,
    parse_duration,
    parse_moment,
    window_at,
    window_numbers,
)

MIN_ROWS = 20
"""Rows below which a window is too small to be judged or learned from."""


@dataclass(frozen=True)
class Reference:
    """What the model is used to: a profile of all its rows and one of each of its windows.

    Attributes:
        total: the profile of all rows; its grids are those of every later window.
        windows: the profile of each window with enough rows, in order of time; empty without a
            timestamp.
        left_out: columns that are not compared, each with the reason.
        timestamp: the timestamp column, or None.
        window: length of a window, or None without a timestamp.

    >>> reference = Reference.fit({"x": np.arange(100.0)})
    >>> reference.rows, reference.profile({"x": np.array([1.0, 500.0])}).rows
    (100, 2)
    """

    total: Profile
    windows: dict[Window, Profile] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    timestamp: str | None = None
    window: timedelta | None = None

    @classmethod
    def fit(
        cls,
        frame: object,
        timestamp: str | None = None,
        categorical: Collection[str] | None = None,
        ignore: Collection[str] = (),
        features: Collection[str] | None = None,
        window: str | timedelta = "1d",
        max_points: int = MAX_POINTS,
    ) -> Reference:
        """Fit a reference on a frame.

        Args:
            frame: anything that exports Arrow, or a mapping of NumPy arrays.
            timestamp: column with the time of each row; with it, alarms are calibrated on the
                reference's own windows. Zoneless times are UTC.
            categorical: columns of numbers that are codes, not quantities.
            ignore: columns not to compare.
            features: columns to compare, whatever they look like; default: every other column that
                is no running number.
            window: length of a window, such as "1d" or "1h".
            max_points: distinct values up to which a numeric column's Kolmogorov-Smirnov distance
                is exact; beyond, it is off by at most 1 / max_points. More make larger profiles.

        Raises ColumnError for a column that is not there, DataError when nothing can be compared or
        `window` is no length of time.
        """
        table = as_table(frame)
        length = _length(window)
        named = {"timestamp": [timestamp] if timestamp else [], "ignore": ignore}
        for what, names in (named | {"features": features or ()}).items():
            require_columns(names, table, what)
        found = [n for n in table.column_names if n not in ignore and n != timestamp]
        running: dict[str, str] = {}
        if features is None:
            running = running_numbers(table, timestamp, found, categorical or ())
        asked = {*(features if features is not None else found), *(categorical or ())}
        skipped = {n for n in table.column_names if n not in found or n not in asked}
        fitted = fit_table(table, categorical or (), skipped | running.keys(), max_points)
        left_out = fitted.left_out | running
        if timestamp is None:
            return cls(fitted.profile, left_out=left_out)
        grids = linked_grids(fitted.profile, table, timestamp, length)
        windows = profile_windows(grids, table, timestamp, length)
        total = profile_table(grids, table)
        kept = {w: profile for w, profile in windows.items() if profile.rows >= MIN_ROWS}
        return cls(total, kept, left_out, timestamp, length)

    @property
    def grids(self) -> dict[str, Grid]:
        return self.total.grids

    @property
    def rows(self) -> int:
        return self.total.rows

    @cached_property
    def fingerprint(self) -> str:
        """Changes whenever a grid does."""
        parts = "".join(f"{name}\0{grid.fingerprint}\0" for name, grid in self.grids.items())
        return blake2b(parts.encode(), digest_size=16).hexdigest()

    def profile(self, frame: object) -> Profile:
        """The profile of a frame on this reference's grids; profiles add.

        A column that the frame lacks counts as missing in every row; but a frame with none of the
        columns raises ColumnError.
        """
        table = as_table(frame)
        if not set(self.grids) & set(table.column_names):
            require_columns(self.grids, table, "columns of the reference")
        return profile_table(self.grids, table)

    def to_bytes(self) -> bytes:
        header: dict[str, Any] = {
            "timestamp": self.timestamp,
            "window": format_duration(self.window) if self.window else None,
            "left_out": self.left_out,
            "starts": [iso(window.start) for window in self.windows],
        }
        profiles = [self.total, *self.windows.values()]
        parts = [encode_grids(self.grids), *(encode_profile(profile) for profile in profiles)]
        return seal(REFERENCE, header, pack(parts))

    @classmethod
    def from_bytes(cls, blob: bytes) -> Reference:
        """Undo `to_bytes`; raises CodecError for anything else than an intact reference."""
        header, body = unseal(REFERENCE, blob)
        encoded_grids, *encoded = unpack(body)
        grids = decode_grids(encoded_grids)
        total, *profiles = [decode_profile(part, grids) for part in encoded]
        length = parse_duration(header["window"]) if header["window"] else None
        starts = [parse_moment(start) for start in header["starts"]]
        windows = {
            Window(start, start + (length or timedelta())): profile
            for start, profile in zip(starts, profiles, strict=True)
        }
        return cls(total, windows, header["left_out"], header["timestamp"], length)

    def save(self, path: str | Path) -> None:
        """Write the reference to a file that `load` reads."""
        try:
            Path(path).write_bytes(self.to_bytes())
        except OSError as error:
            raise DataError(f"cannot write the reference {path}: {error.strerror}") from error

    @classmethod
    def load(cls, path: str | Path) -> Reference:
        """Read a reference that `save` wrote."""
        try:
            blob = Path(path).read_bytes()
        except OSError as error:
            raise DataError(f"cannot read the reference {path}: {error.strerror}") from error
        return cls.from_bytes(blob)


def _length(window: str | timedelta) -> timedelta:
    try:
        return parse_duration(window) if isinstance(window, str) else window
    except ValueError as error:
        raise DataError(f"window: {error}") from error


def left_out_of(blob: bytes) -> dict[str, str]:
    """The columns left out of a reference as `to_bytes` gave it, each with the reason."""
    header, _ = unseal(REFERENCE, blob)
    found: dict[str, str] = header["left_out"]
    return found


def total_of(blob: bytes) -> Profile:
    """The profile of all rows of a reference as `to_bytes` gave it: its windows, of which an hourly
    model has hundreds, are not decoded."""
    _, body = unseal(REFERENCE, blob)
    encoded_grids, total, *_ = unpack(body)
    return decode_profile(total, decode_grids(encoded_grids))


def linked_grids(
    total: Profile, table: pa.Table, timestamp: str, length: timedelta
) -> dict[str, Grid]:
    """The grids of a fitted profile, with links between columns (see `driftline.profiles.linking`)
    that are found in `table` within windows of `length`."""
    micros = to_microseconds(table[timestamp])
    unit = length // timedelta(microseconds=1)
    known = micros != MISSING_TIME
    if not known.any():
        return total.grids
    first = int(micros[known].min()) // unit
    windows = np.where(known, micros // unit - first, -1)
    return link_columns(total.grids, total.columns, table, windows)


def profile_windows(
    grids: dict[str, Grid], table: pa.Table, timestamp: str, length: timedelta
) -> dict[Window, Profile]:
    """The profile of each aligned window that has rows, in order of time.

    Rows without a readable time are in no window; raises ColumnError when that is all of them.
    """
    micros = to_microseconds(table[timestamp])
    known = micros[micros != np.iinfo(np.int64).min]
    if len(known) == 0:
        raise ColumnError(f'timestamp: no value of column "{timestamp}" can be read as a time')
    first = window_at(from_micros(int(known.min())), length)
    last = window_at(from_micros(int(known.max())), length)
    count = (last.start - first.start) // length + 1
    numbers = window_numbers(micros, first, count)
    used = np.unique(numbers[numbers >= 0])
    compact = np.where(numbers >= 0, np.searchsorted(used, numbers), -1)
    profiles = profile_groups(grids, table, compact, len(used))
    starts = [first.start + int(number) * length for number in used]
    return {Window(s, s + length): p for s, p in zip(starts, profiles, strict=True)}


def merge_windows(found: Iterable[dict[Window, Profile]]) -> dict[Window, Profile]:
    """Window profiles of several tables added up, in order of time."""
    total: dict[Window, Profile] = {}
    for profiles in found:
        for window, profile in profiles.items():
            total[window] = total[window] + profile if window in total else profile
    return dict(sorted(total.items()))
