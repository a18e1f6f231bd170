"""A wrong settings file: every fault at once, in the words of the file."""

from __future__ import annotations

import pytest

from driftline.errors import SettingsError
from driftline.settings import parse_settings

GOOD = """\
models:
  - name: late
    predictions: {source: parquet, path: p, timestamp: ts}
    reference: {from: 2013-01-01, to: 2013-04-01}
"""


def faults(text: str, **environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, environ, "driftline.yaml")
    assert "pydantic" not in str(caught.value).lower()
    assert "https:" not in str(caught.value)  # pydantic tells its own pages
    assert caught.value.__cause__ is None
    return caught.value.faults


def test_five_faults_are_told_at_once() -> None:
    text = """\
store: mysql
models:
  - name: late-arrival
    window: 5h
    predictions:
      source: parquet
      path: ${DATA}/x.parquet
      timestamp: ts
      timestmap: ts
    reference: {from: 2013-04-01, to: 2013-01-01}
"""
    store, window, path, typo, reference = faults(text)
    assert store.startswith("line 1: store: must be a database URL such as sqlite:///driftline.db")
    assert window.startswith("line 4: models[0] (late-arrival).window: must be a length that div")
    assert window.endswith('1d or 1w; found "5h"')
    assert path == (
        "line 7: models[0] (late-arrival).predictions.path: the environment variable DATA is not "
        "set; set it, or give a default: ${DATA:-...}"
    )
    assert typo == (
        "line 9: models[0] (late-arrival).predictions.timestmap: unknown key; did you mean "
        '"timestamp"?'
    )
    assert reference == (
        "line 10: models[0] (late-arrival).reference: `from` must be before `to`; found "
        "2013-04-01T00:00:00Z and 2013-01-01T00:00:00Z"
    )


def test_the_message_names_the_file_and_counts() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(GOOD + "stor: x\nchanels: []\n", {}, "watch/driftline.yaml")
    assert str(caught.value).splitlines() == [
        "watch/driftline.yaml: 2 faults",
        '  - line 5: stor: unknown key; did you mean "store"?',
        '  - line 6: chanels: unknown key; did you mean "channels"?',
    ]


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("tsk: binary", 'models[0] (late).tsk: unknown key; did you mean "task"?'),
        (
            "xyz: 1",
            "models[0] (late).xyz: unknown key; known are alarms, channels, every",
        ),
        (
            "task: binry",
            'must be binary, multiclass or regression; found "binry"; did you mean "binary"?',
        ),
        ("alarms: {min_rows: many}", 'alarms.min_rows: must be a whole number; found "many"'),
        ("alarms: {min_rows: 1.5}", "alarms.min_rows: must be a whole number; found 1.5"),
        ("alarms: {least_effect: {x: 2}}", "alarms.least_effect.x: must be at most 1; found 2"),
        ("alarms: {min_rows: 0}", "alarms.min_rows: must be at least 1; found 0"),
        ("alarms: {false_alarms: once}", "alarms.false_alarms: must be so many false alarms in"),
        ("alarms: none", 'alarms: must be a section of keys ("key: value"); found "none"'),
        ("performance: {drop: 5}", "performance.drop: must be less than 1; found 5"),
        ("performance: {drop: x%}", 'performance.drop: must be a number; found "x%"'),
        ("performance: {current: 36h}", "performance: `current` must be a whole number of windows"),
        ("performance: {baseline: 1h}", "performance: `baseline` must hold at least one window"),
        ("version: 1.10", "version: must be text; found 1.1: put it in quotes"),
        ("version: [1]", "version: must be text; found a list"),
        ("positive: [1]", "positive: must be a label: text, a number, true or false"),
        (
            "every: soon",
            'every: a length of time is a whole number and one of s, m, h, d, w ("6h")',
        ),
        ("channels: [{kind: stderr}, {kind: stderr}]", 'a second channel called "stderr"'),
        ("channels: [{kind: slak}]", 'channels[0] (slak).kind: no such kind as "slak"; there'),
        ("channels: [{}]", "channels[0].kind: missing; there"),
        ("channels: [{kind: stderr, min_severity: hi}]", "must be low, medium, high or critical"),
        ("channels: {kind: stderr}", "channels: must be a list; found a section of keys"),
        ("channels: [{kind: stderr, options: 1}]", "channels[0] (stderr).options: unknown key"),
        ("window: !!python/name:os.system", "window: the YAML tag"),
        ("window: ${lower", 'window: cannot read "${": write ${NAME} or'),
        ("? [a, b]\n    : 1", "models[0] (late): a key must be a word (line 5)"),
    ],
)
def test_each_fault_is_told_in_the_words_of_the_file(extra: str, told: str) -> None:
    found = faults(GOOD + f"    {extra}\n")
    assert len(found) == 1
    assert told in found[0]
    assert found[0].startswith(("line 5: ", "line 2: models[0] (late): a key"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("timestamp: ts", "timestmp: ts", 'timestmp: unknown key; did you mean "timestamp"?'),
        ("path: p", "pth: p", 'predictions.pth: unknown key; did you mean "path"?'),
        ("path: p, ", "", "predictions.path: missing; it must be given: a file, a folder"),
        ("path: p", "path: [p]", "predictions.path: must be text; found a list"),
        (
            "path: p",
            "path: ~nobody.here/p",
            'must be a path; found "~nobody.here/p", and there is no',
        ),
        ("path: p", "path: ' '", "predictions.path: must be a path; found nothing"),
        ("source: parquet", "source: parqet", 'no such kind as "parqet"; there are csv, '),
        ("source: parquet, ", "", "predictions.source: missing; there are csv, "),
        ("path: p", "path: p, origin: 3", "predictions.origin: unknown key"),
        ("path: p", "path: p, features: a", 'features: must be a list; found "a"'),
        ("path: p", "path: p, id: ts", 'id: a column of its own; "ts" is the timestamp already'),
        ("from: 2013-01-01", "from: 2013-13-01", "reference.from: must be a date (2013-04-01) or"),
        (
            "from: 2013-01-01",
            "start: 2013-01-01",
            "reference.start: unknown key; known are exclude, from, gap, rolling, to",
        ),
        (
            "from: 2013-01-01, ",
            "",
            "reference.from: missing; it must be given: first day or moment",
        ),
        (
            "to: 2013-04-01",
            "to: 2013-04-01, exclude: [2013-03-31, 2012-02-01]",
            "`exclude` has 2012-02-01T00:00:00Z to 2012-02-02T00:00:00Z, of which nothing is in",
        ),
        ("{from: 2013-01-01, to: 2013-04-01}", "{source: csv}", "reference.path: missing"),
        ("from: 2013-01-01", "source: csv, path: x, from: 3", "reference.from: unknown key"),
        (
            "name: late",
            "name: a/b",
            'name: must be 1 to 100 characters without slashes; found "a/b"',
        ),
    ],
)
def test_faults_in_sections_are_told_where_they_are(old: str, new: str, told: str) -> None:
    assert any(told in fault for fault in faults(GOOD.replace(old, new)))


def test_a_fault_beside_an_unknown_source_is_told_too() -> None:
    text = GOOD.replace("source: parquet, path: p", "source: sqll, query: x, featres: [a]")
    found = faults(text)
    assert len(found) == 2
    assert any('featres: unknown key; did you mean "features"?' in fault for fault in found)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("{source: csv, path: l, id: id, label: y}", "labels are joined by id: give `id` under"),
        ("{source: csv, path: l, id: id}", "labels.label: missing"),
    ],
)
def test_labels_need_what_joins_them(labels: str, told: str) -> None:
    assert told in faults(GOOD + f"    labels: {labels}\n    task: binary\n")[0]


def test_labels_need_a_task_and_something_to_compare_with() -> None:
    labels = "    labels: {source: csv, path: l, id: id, label: y}\n"
    with_id = GOOD.replace("path: p", "path: p, id: id") + labels
    assert "give `prediction` or `score`" in faults(with_id + "    task: binary\n")[0]
    with_score = with_id.replace("path: p,", "path: p, score: s,")
    assert "task: needed with labels: binary, multiclass or" in faults(with_score)[0]
    assert (
        "a regression model needs `prediction`" in faults(with_score + "    task: regression\n")[0]
    )
    parse_settings(with_score + "    task: binary\n", {})


def test_a_metric_must_be_one_of_the_task() -> None:
    extra = "    task: binary\n    performance: {metric: auc}\n"
    (found,) = faults(GOOD + extra)
    assert "performance: `metric` of a binary model must be one of accuracy, bal" in found
    assert 'found "auc"' in found
    parse_settings(GOOD + extra.replace("auc", "roc_auc"), {})


def test_a_default_that_does_not_fit_a_model_is_told_at_the_model() -> None:
    text = GOOD + "    window: 1w\nperformance: {current: 10d}\n"
    (found,) = faults(text)
    assert "models[0] (late).performance: `current` must be a whole number of windows" in found


def test_two_models_of_one_name_are_a_fault() -> None:
    model = GOOD.removeprefix("models:\n")
    (found,) = faults(GOOD + model)
    assert found == (
        'line 5: models[1] (late).name: the name "late" is taken by models[0]; names must differ'
    )


def test_channels_of_one_name_and_other_settings_are_a_fault() -> None:
    model = "    channels: [{kind: stderr, min_severity: high}]\n"
    (found,) = faults(GOOD + model + "channels: [{kind: stderr}]\n")
    assert 'models[0] (late).channels[0] (stderr): a second channel called "stderr"' in found
    parse_settings(GOOD + model + "channels: [{kind: stderr, min_severity: high}]\n", {})


def test_a_key_given_twice_is_a_fault() -> None:
    assert faults(GOOD + "    window: 1d\n    window: 1h\n") == (
        "line 6: models[0] (late).window: given twice, on lines 5 and 6; keep one of them",
    )


def test_what_the_top_level_has_wrong_is_told_once() -> None:
    model = GOOD.removeprefix("models:\n").replace("late", "other")
    text = GOOD + model + "alarms: {min_rows: x}\nchannels: [{kind: fax}]\nevery: often\n"
    found = faults(text)
    assert [fault.partition(":")[2].split(":")[0] for fault in found] == [
        " alarms.min_rows",
        " channels[0] (fax).kind",
        " every",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "nothing in it; `driftline init DATA` writes one"),
        ("# only a comment", "nothing in it; `driftline init DATA` writes one"),
        ("[]", "must be a section of keys (store, models); `driftline init DATA` writes one"),
        ("models:\n\t- x", "not YAML: line 2, column 1: "),
        ("models: [", "not YAML: line 1, column 10: "),
        ("\x00", "not YAML: "),
        ("models: []", "line 1: models: no model in it; give at least one"),
        ("models: x", 'line 1: models: must be a list; found "x"'),
        ("models: [x]", 'line 1: models[0]: must be a section of keys ("key: value"); found "x"'),
        ("store: sqlite://", "models: missing; it must be given: the models that are watched"),
        ("models: &a [*a]", "models[0]: an alias that holds itself"),
    ],
)
def test_a_file_that_is_no_settings_file_is_told(text: str, told: str) -> None:
    assert told in "\n".join(faults(text))


def test_faults_never_show_what_came_from_the_environment() -> None:
    text = GOOD + "    window: ${SECRET}\n    alarms: {min_rows: '${SECRET}'}\nstore: ${SECRET}\n"
    found = faults(text, SECRET="hunter2")
    assert len(found) == 3
    assert not any("hunter2" in fault for fault in found)
    assert 'must be a whole number; found "${SECRET}" (from the environment)' in found[1]


def test_faults_never_show_a_database_password() -> None:
    assert not any("hunter2" in f for f in faults(GOOD + "store: postgres//me:hunter2@db/x\n"))
    assert not any("hunter2" in f for f in faults(GOOD + "store: [postgresql://me:hunter2@db]\n"))


def test_a_list_with_wrong_entries_is_not_said_to_have_none() -> None:
    mail = "{kind: email, host: mx, from: a@example.com, to: [ann]}"
    (only,) = faults(GOOD + f"channels: [{mail}]\n")
    assert "to[0]: must be an email address" in only
    (empty,) = faults(GOOD + f"channels: [{mail.replace('[ann]', '[]')}]\n")
    assert "to: must hold at least one entry" in empty
