"""The alert rules and the dashboard that are shipped: they ask for what the service tells, and a
real Prometheus understands all of it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from driftline.service.metrics.catalogue import METRICS

if TYPE_CHECKING:
    from tests.service.conftest import ServiceProcess, World

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus"
FROM_OTHERS = {
    "up": "of Prometheus itself",
    "process_resident_memory_bytes": "of the client library of Prometheus",
    "process_cpu_seconds_total": "of the client library of Prometheus",
}
DAY = timedelta(days=1)
PART = r"(?:_bucket|_sum|_count)$"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here (Debian's package prometheus): did not run")
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((RULES / "driftline.rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana" / "driftline.json").read_text("utf-8"))
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def variables() -> dict[str, str]:
    listed = dashboard()["templating"]["list"]
    return {one["name"]: one["query"]["query"] for one in listed if one["type"] == "query"}


def asked_for(query: str) -> dict[str, set[str]]:
    """The metrics that a query asks for, each with the labels that it is narrowed by."""
    plain = re.sub(r'"[^"]*"', '""', query)
    found: dict[str, set[str]] = {}
    for name, narrowed in re.findall(r"\b(up|(?:driftline|process)_\w+)(?:\{([^}]*)\})?", plain):
        found.setdefault(name, set()).update(re.findall(r"(\w+)\s*[=!]", narrowed))
    return found


@pytest.mark.parametrize("query", [rule["expr"] for rule in rules()] + queries())
def test_a_query_asks_for_metrics_and_labels_that_are_told(query: str) -> None:
    found = asked_for(query)
    assert found, query
    for name, labels in found.items():
        if name in FROM_OTHERS:
            continue
        metric = METRICS.get(name) or METRICS[re.sub(PART, "", name)]
        assert (metric.kind == "histogram") == bool(re.search(PART, name))
        assert labels <= {*metric.labels, "job"}, query
        grouped = re.search(r"by \(([^)]*)\)", query)
        by = set(grouped[1].replace(" ", "").split(",")) if grouped else set()
        assert by <= {*metric.labels, "job", "le"}, query


def test_every_metric_is_on_the_dashboard() -> None:
    asked = {name for query in [*queries(), *variables().values()] for name in asked_for(query)}
    shown = {re.sub(PART, "", name) for name in asked}
    assert set(METRICS) - shown == set()


def test_counters_are_asked_for_as_rates_and_gauges_are_not() -> None:
    for query in [*queries(), *(rule["expr"] for rule in rules())]:
        for name in asked_for(query):
            if name in METRICS and METRICS[name].kind == "counter":
                assert re.search(rf"(rate|increase)\({name}\b", query), query
            if name in METRICS and METRICS[name].kind == "gauge":
                assert not re.search(rf"(rate|increase)\({name}\b", query), query


def test_the_dashboard_can_be_imported_anywhere() -> None:
    found = dashboard()
    assert (found["title"], found["uid"]) == ("Driftline", "driftline")
    ids = [panel["id"] for panel in found["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
    for panel in panels():
        assert panel["datasource"]["uid"] == "${datasource}"
        assert [one["datasource"]["uid"] for one in panel["targets"]] == (
            ["${datasource}"] * len(panel["targets"])
        )


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert set(rule["annotations"]) == {"summary", "description"}
    page = (DEPLOY.parent / "docs" / "how-to" / "operate.md").read_text(encoding="utf-8")
    assert f"`{rule['alert']}`" in page


@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "driftline.rules.yml"),
        ("test", "rules", "driftline.rules.test.yml"),
        ("check", "config", "prometheus.yml"),
    ],
    ids=" ".join,
)
def test_promtool_is_content(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [program("promtool"), *words], cwd=RULES, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_made_to_fire_by_a_test() -> None:
    tests = (RULES / "driftline.rules.test.yml").read_text(encoding="utf-8")
    silent = [rule["alert"] for rule in rules() if f'alertname="{rule["alert"]}"' not in tests]
    assert silent == []


def put(targets: Path, *addresses: str) -> None:
    """Say whom Prometheus scrapes. The file is there whole or not at all."""
    fresh = targets.with_suffix(".new")
    fresh.write_text(json.dumps([{"targets": list(addresses)}]))
    fresh.replace(targets)


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[tuple[httpx.Client, Path]]:
    """A real Prometheus with the shipped rules, and the file that says whom it scrapes."""
    binary = program("prometheus")
    targets = tmp_path / "targets" / "driftline.json"  # alone: it looks again at any change beside
    targets.parent.mkdir()
    put(targets)
    files = {"files": [str(targets)], "refresh_interval": "1s"}
    job = {"job_name": "driftline", "scrape_interval": "2s", "file_sd_configs": [files]}
    settings = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [str(RULES / "driftline.rules.yml")],
        "scrape_configs": [job],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(settings))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with (tmp_path / "prometheus.log").open("w") as log:
        server = subprocess.Popen(
            [
                *(binary, f"--config.file={tmp_path / 'prometheus.yml'}"),
                *(f"--storage.tsdb.path={tmp_path / 'tsdb'}", f"--web.listen-address={address}"),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://{address}") as client:
            yield client, targets
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.slow
def test_a_real_prometheus_scrapes_the_service_and_answers_every_query(
    prometheus: tuple[httpx.Client, Path],
    world: World,
    serve: Callable[..., ServiceProcess],
    eventually: Callable[..., Any],
) -> None:
    client, targets = prometheus
    today = (datetime.now(UTC) - world.day(0)) // DAY  # results of long ago are not kept
    change = today - 5
    world.live(
        range(today - 40, today),
        lambda day, rows: rows.assign(amount=rows["amount"] * (2 if day >= change else 1)),
    )
    first, end = world.day(today - 40), world.day(today - 10)
    world.settle(world.model(reference={"from": f"{first:%Y-%m-%d}", "to": f"{end:%Y-%m-%d}"}))
    put(targets, serve(world.folder).listens().removeprefix("http://"))

    def asked(query: str) -> list[Any]:
        for name in ("job", "model", "metric"):
            query = query.replace(f"${name}", ".+")
        try:
            answer = client.get("/api/v1/query", params={"query": query})
        except httpx.TransportError:
            return []
        if answer.status_code == 503:
            return []
        told = answer.json()
        assert told["status"] == "success", (query, told)
        return list(told["data"]["result"])

    def at_least_one(query: str) -> bool:
        return any(float(one["value"][1]) >= 1 for one in asked(query))

    stat = next(panel for panel in panels() if panel["title"] == "Open incidents")
    for query in ('up{job="driftline"}', "driftline_drift_alarm", stat["targets"][0]["expr"]):
        eventually(partial(at_least_one, query))
    for query in queries():
        asked(query)
    found = client.get("/api/v1/rules").json()["data"]["groups"]
    assert {rule["name"] for group in found for rule in group["rules"]} == {
        rule["alert"] for rule in rules()
    }
    assert all(rule["health"] != "err" for group in found for rule in group["rules"])
