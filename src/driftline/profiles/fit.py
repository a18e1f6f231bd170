"""Fitting: from the reference's rows, which columns are compared and on which grids."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from driftline.errors import DataError
from driftline.profiles.columns import is_categorical, is_numeric, plain, to_codes, to_floats
from driftline.profiles.frames import require_columns, require_distinct
from driftline.profiles.grid import MAX_POINTS, Grid, categorical_grid, numeric_grid
from driftline.profiles.profile import Profile, in_threads
from driftline.profiles.summary import Summary, cells_of, count_cells, count_sorted


@dataclass(frozen=True)
class Fitted:
    """Grids for every usable column, the profile of the rows they were fitted on, and why the
    other columns were left out."""

    profile: Profile
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def grids(self) -> dict[str, Grid]:
        return self.profile.grids


def fit_table(
    table: pa.Table,
    categorical: Collection[str] = (),
    ignore: Collection[str] = (),
    max_points: int = MAX_POINTS,
) -> Fitted:
    """Choose a kind for each column and fit its grid, a numeric one of at most `max_points`.

    Numbers are numeric; text, booleans and dictionaries are categorical, and so are columns named
    in `categorical`. Times, nested values, columns without any (finite) value and text columns in
    which nearly every row is different (identifiers) are left out, each with its reason. Raises
    DataError when there are no rows, when no column is left, or when two columns have one name,
    and ColumnError when `categorical` names a column that is not there.
    """
    require_distinct(table)
    require_columns(categorical, table, "categorical")
    if table.num_rows == 0:
        raise DataError("the reference has no rows; give a span or file with data")
    names = [name for name in table.column_names if name not in ignore]
    fitted = in_threads(
        lambda name: _fit_column(table[name], name in categorical, max_points),
        names,
        table.num_rows,
    )
    columns = {n: made for n, made in zip(names, fitted, strict=True) if isinstance(made, Summary)}
    left_out = {n: made for n, made in zip(names, fitted, strict=True) if isinstance(made, str)}
    if not columns:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "none given"
        raise DataError(f"the reference has no column that can be compared ({why})")
    return Fitted(Profile(table.num_rows, columns), left_out)


COMMAS_FROM = 50
"""Categories above which text that reads like 0,5 is numbers, read with the wrong decimal sign."""

COMMAS = 'set `decimal: ","` for a csv source'
"""What to do about numbers with decimal commas."""


def with_decimal_commas(names: Collection[str]) -> bool:
    """Whether text is numbers, some of them written like 0,5.

    >>> with_decimal_commas(["1,5", "2"]), with_decimal_commas(["1,5", "two"])
    (True, False)
    """
    written = [re.fullmatch(r"\s*[+-]?\d+(,\d+)?\s*", name) for name in names]
    return all(written) and any(found and found[1] for found in written)


def _fit_column(column: pa.ChunkedArray, declared: bool, max_points: int) -> Summary | str:
    """The column's summary on a grid of its own, or the reason why it is left out."""
    column = plain(column)
    kind = column.type
    if declared or is_categorical(kind):
        return _fit_categorical(column, declared)
    if not is_numeric(kind):
        return "no values" if pa.types.is_null(kind) else f"a column of type {kind}"
    values, _ = to_floats(column)
    ordered = np.sort(values)
    finite = ordered[np.searchsorted(ordered, -np.inf, "right") : np.searchsorted(ordered, np.inf)]
    if len(finite) == 0:
        return "no finite values" if len(ordered) > column.null_count else "no values"
    return count_sorted(numeric_grid(finite, max_points), ordered)


def _fit_categorical(column: pa.ChunkedArray, declared: bool) -> Summary | str:
    codes, names = to_codes(column)
    counted = np.bincount(codes + 1, minlength=len(names) + 1)[1:]
    present = int(counted.sum())
    if present == 0:
        return "no values"
    if not declared and len(names) > COMMAS_FROM and with_decimal_commas(names):
        return f'numbers with decimal commas, read as text (such as "{names[0]}"): {COMMAS}'
    if not declared and len(names) > max(50, 0.5 * present):
        told = f"{len(names):,} categories in {present:,} rows"
        return f"looks like an identifier ({told}); name it in `categorical` to compare it"
    counts: dict[str, int] = {}
    for name, rows in zip(names, counted.tolist(), strict=True):
        if rows:
            counts[name] = counts.get(name, 0) + rows
    grid = categorical_grid(counts)
    return count_cells(grid, cells_of(grid, codes, names))
