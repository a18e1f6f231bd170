"""What each command does; `driftline.cli` only reads the words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from driftline import terminal
from driftline.alarms.reasons import why_no_alarm
from driftline.commands.alerts import warn_of
from driftline.commands.source_check import look_at_sources
from driftline.demo.clock import demo_moment
from driftline.errors import DataError, nearest
from driftline.quality import expectations, value_fault
from driftline.records import Incident
from driftline.report import render
from driftline.scaffold import file_source, settings_for
from driftline.service.all_models import run_models
from driftline.service.answer import answer, column_answer
from driftline.service.build import outlets_of, watched_of
from driftline.service.outbox import deliver
from driftline.service.pages import page_of
from driftline.service.power import power_in_words, power_of
from driftline.service.reminders import remind
from driftline.service.run import Told
from driftline.service.trying import try_model
from driftline.settings import ModelSettings, Settings, left_out_of, load_settings
from driftline.sources import open_source
from driftline.sources.telling import problem_lines
from driftline.stores import Store, open_store
from driftline.stores.schema import is_there
from driftline.windows import iso, parse_moment

if TYPE_CHECKING:
    from driftline import Comparison, Reference

WELL, ALARM, FAILED = 0, 1, 2
LATELY = timedelta(days=90)
"""How far back `check` tells people of windows and of incidents that are over, so that it does not
grow with what is stored."""


def check(config: Path, now: str | None, as_json: bool) -> int:
    settings = load_settings(config)
    moment = moment_of(now, "--now") if now else _now(config)
    store = open_store(settings.store.get_secret_value())
    try:
        outlets = outlets_of(settings, store)
        with terminal.progress_bars() as progress:
            runs = run_models(settings, store, lambda _: (moment, None), progress)
        clock = datetime.now(UTC)
        remind(settings, store, clock)
        warn_of(deliver(store, outlets, clock).troubles)
        return tell(store, runs, as_json, LATELY)
    finally:
        store.close()


def _now(config: Path) -> datetime:
    """The clock's moment; the end of the demo's year for the demo, whose data ends there."""
    stands = demo_moment(config)
    if stands is None:
        return datetime.now(UTC)
    terminal.warn(f"the demo's data ends in 2013, so {iso(stands)} is taken as now")
    return stands


def moment_of(text: str, option: str) -> datetime:
    try:
        return parse_moment(text)
    except ValueError:
        raise DataError(
            f'{option}: "{text}" is no ISO 8601 date or moment; write 2013-04-01 or '
            "2013-04-01T06:00:00Z"
        ) from None


def tell(
    store: Store,
    runs: Mapping[str, Told],
    as_json: bool,
    lately: timedelta | None = None,
    document: Mapping[str, Any] | None = None,
) -> int:
    """Print what the store holds of the models, or `document` for it; the exit code.

    With `lately` people are told of that time only, and the exit code goes by the newest window; a
    replay is told and judged as a whole.
    """
    for name, run in runs.items():
        for note in run.notes:
            terminal.warn(f"{name}: {note}")
        if run.error and as_json:
            terminal.warn(f"{name}: {run.error}")
    if as_json:
        print(json.dumps(document or answer(store, runs), allow_nan=False))
    alarms = []
    for name, run in runs.items():
        state = store.model(name)
        since = state.position - lately if state and lately else None
        windows, incidents = store.windows(name, since), store.incidents(name, since=since)
        if not as_json:
            terminal.model_lines(name, windows, store.performance(name, since), run.error)
            if run.detectable is not None:
                terminal.say(f"{power_in_words(run.detectable)} (four times in five)")
            _tell_incidents(incidents, run.error)
        newest = windows[-1:] if lately else windows
        alarms += [result.alarm for result in newest]
        alarms += [incident.is_open for incident in incidents]
    if any(run.error for run in runs.values()):
        return FAILED
    return ALARM if any(alarms) else WELL


def _tell_incidents(incidents: Sequence[Incident], error: str) -> None:
    if incidents:
        terminal.tell_incidents(incidents)
    elif not error:
        terminal.out.print("  [green]no incident[/]")


def compare(reference: Path, current: Path, chosen: Mapping[str, Any], as_json: bool) -> int:
    """Compare two files; `chosen` are the arguments of `Reference.fit` that name columns."""
    import driftline as dl

    before, after = _table(reference), _table(current)
    if before.num_rows == 0:
        raise DataError(f"{reference} has no rows; there is nothing to compare with")
    fitted = dl.Reference.fit(before, **chosen)
    absent = [name for name in fitted.grids if name not in after.column_names]
    comparison = dl.compare(fitted, after)
    faults = _value_faults(fitted, comparison)
    if as_json:
        columns = [
            column_answer(column) | {"reason": why_no_alarm(column, comparison.verdict)}
            for column in comparison.verdict.columns
        ]
        told: dict[str, Any] = {
            "drifted": comparison.drifted,
            "p_value": comparison.verdict.p_value,
            "method": comparison.verdict.method,
            "rows": {"reference": before.num_rows, "current": after.num_rows},
            "columns": columns,
            "left_out": fitted.left_out,
            "faults": faults,
        }
        print(json.dumps(told, allow_nan=False))
    else:
        note = f"{before.num_rows:,} and {after.num_rows:,} rows; {comparison.verdict.note}"
        terminal.show(terminal.comparison_table(comparison.verdict.columns, note))
        for column in comparison.verdict.columns:
            if reason := why_no_alarm(column, comparison.verdict):
                line = f"{column.name} is no alarm: {reason}"
                terminal.out.print(line, markup=False)
        for line in faults:
            terminal.out.print(line, markup=False)
        for name, reason in fitted.left_out.items():
            terminal.out.print(f"left out: {name} ({reason})", markup=False)
    for name in absent:
        terminal.warn(f"{current} has no column {name}{nearest(name, after.column_names)}")
    return ALARM if comparison.drifted else WELL


def _value_faults(fitted: Reference, comparison: Comparison) -> list[str]:
    """What is wrong with values of the current side beside drift: text for numbers, infinity."""
    expected = expectations(fitted)
    columns = comparison.current.columns.items()
    return [fault.message for name, one in columns if (fault := value_fault(expected, name, one))]


def _table(path: Path) -> Any:
    reading = open_source(file_source(path)).batches()
    table = reading.table()
    for line in problem_lines(reading.problems):
        terminal.warn(line)
    return table


def report(config: Path, output: Path) -> int:
    settings = load_settings(config)
    store = open_store(settings.store.get_secret_value())
    try:
        moment = _now(config)
        page = render([page_of(model, store, moment) for model in settings.models])
    finally:
        store.close()
    _write(output, page)
    terminal.err.print(f"wrote {output}", markup=False, soft_wrap=True)
    return WELL


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}") from error


def init(data: Path, output: Path, force: bool) -> int:
    if output.exists() and not force:
        raise DataError(f"{output} exists; give another name with -o, or --force to replace it")
    _write(output, settings_for(data, output.parent))
    terminal.err.print(
        f"wrote {output}: look through it, then `driftline config check` and `driftline backtest`",
        markup=False,
        soft_wrap=True,
    )
    return WELL


def config_check(config: Path) -> int:
    settings = load_settings(config)
    outlets_of(settings, open_store("memory://"))
    well = True
    for model in settings.models:
        faults, notes = look_at_sources(model)
        if not faults:
            tried = try_model(watched_of(model))
            faults = [f"{model.name}: {fault}" for fault in tried.faults]
            notes += [f"{model.name}: note: {note}" for note in tried.notes]
        for told in (*faults, *notes):
            terminal.warn(told)
        well &= not faults
    if not well:
        return FAILED
    for told in left_out_of(config):
        terminal.out.print(told, markup=False)
    names = ", ".join(model.name for model in settings.models)
    terminal.out.print(f"{config}: well; watches {names}", markup=False)
    for model in settings.models:
        if model.labels is not None:
            terminal.out.print(f"{model.name}: {_power(settings, model)}", markup=False)
    return WELL


def _power(settings: Settings, model: ModelSettings) -> str:
    """What drop of performance would be seen, by the labels that the store knows."""
    url = settings.store.get_secret_value()
    if not url.startswith("memory:") and is_there(url):
        store = open_store(url)
        try:
            found = power_of(model, store)
        finally:
            store.close()
        if found is not None:
            return f"{power_in_words(found)} (four times in five)"
    return "no span of labels is judged yet; `driftline backtest` says what drop would be seen"
