"""The image, the compose file and the settings of the container fit together. The image is built
and run where a Docker daemon and a base image can be had."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pandas as pd
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from driftline.passwords import hashed
from driftline.settings import left_out_of, parse_settings

if TYPE_CHECKING:
    from tests.service.conftest import Answer, ServiceProcess, World

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "deploy" / "docker" / "driftline.yaml"
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
BASE = os.environ.get("DRIFTLINE_TEST_BASE", "python:3.13-slim")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return found


def filled_in(value: Any, environ: Mapping[str, str]) -> Any:
    """The compose file as compose reads it in this environment."""
    if isinstance(value, dict):
        return {key: filled_in(one, environ) for key, one in value.items()}
    if isinstance(value, list):
        return [filled_in(one, environ) for one in value]
    if isinstance(value, str):
        return VARIABLE.sub(lambda m: environ.get(m[1]) or m[2] or "", value)
    return value


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    return {name: value for name, _, value in pairs}


def variables(text: str) -> set[str]:
    plain = "\n".join(line.partition(" #")[0] for line in text.splitlines() if line[:1] != "#")
    return {found[1] for found in VARIABLE.finditer(plain)}


def dockerfile() -> list[tuple[str, str]]:
    """Its instructions: word and rest, those of several lines as one."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    lines = kept.replace("\\\n", " ").splitlines()
    pairs = [line.strip().partition(" ") for line in lines if line.strip()]
    return [(word, " ".join(rest.split())) for word, _, rest in pairs]


def instructions(word: str) -> list[str]:
    return [rest for one, rest in dockerfile() if one == word]


def command(word: str) -> list[str]:
    """The words of the last CMD, ENTRYPOINT or HEALTHCHECK."""
    found: list[str] = json.loads(re.sub(r"^.*?CMD ", "", instructions(word)[-1]))
    return found


def test_every_variable_of_the_compose_file_is_in_the_example_and_the_reverse() -> None:
    asked = variables((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    assert asked == set(example())
    required = {"MODEL_VERSION", "DATA_SOURCE_URL", "REFERENCE_DATA_PATH", "SLACK_WEBHOOK_URL"}
    assert required <= asked


def test_every_variable_of_the_settings_gets_into_the_container() -> None:
    passed = compose()["services"]["driftline"]["environment"]
    assert variables(SETTINGS.read_text(encoding="utf-8")) == set(passed)
    assert all(value == f"${{{name}:-}}" for name, value in passed.items())


def test_the_example_holds_no_secret_and_says_the_defaults() -> None:
    assert set(example().values()) == {""}
    told = (ROOT / ".env.example").read_text(encoding="utf-8")
    for file in (SETTINGS, ROOT / "compose.yaml"):
        for name, default in VARIABLE.findall(file.read_text(encoding="utf-8")):
            about = told.partition(f"\n{name}=")[0].rpartition("\n\n")[2]
            assert not default or default in about or "SQLite file" in about, name


@pytest.mark.parametrize("environ", [{}, {"DRIFTLINE_PUBLISH": "0.0.0.0", "DRIFTLINE_PORT": "80"}])
def test_the_port_is_published_at_the_address_by_which_the_need_for_keys_goes(
    environ: dict[str, str],
) -> None:
    service = filled_in(compose(), environ)["services"]["driftline"]
    address, port, inside = service["ports"][0].split(":")
    assert f"--published={address}" in service["command"]
    assert (address == "127.0.0.1") == (not environ)
    assert (port, inside) == (environ.get("DRIFTLINE_PORT", "8501"), "8501")


def test_the_container_may_write_its_volume_only_and_has_no_privileges() -> None:
    service = filled_in(compose(), {})["services"]["driftline"]
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp"]
    assert service["cap_drop"] == ["ALL"]
    assert service["init"] is True
    writable = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert writable == ["state:/var/lib/driftline"]
    assert instructions("VOLUME") == ["/var/lib/driftline"]


def test_postgresql_is_there_with_a_profile_only() -> None:
    services = filled_in(compose(), {})["services"]
    profiles = {name: service.get("profiles", []) for name, service in services.items()}
    assert profiles == {"driftline": [], "postgres": ["postgresql"]}
    assert "ports" not in services["postgres"]
    shown = re.search(r"DRIFTLINE_STORE=(postgresql://\S+)", (ROOT / ".env.example").read_text())
    assert shown is not None
    database = services["postgres"]["environment"]
    name, user = database["POSTGRES_DB"], database["POSTGRES_USER"]
    assert shown[1] == f"postgresql://{user}:PASSWORD@postgres/{name}"


def test_the_settings_are_right_when_nothing_is_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = parse_settings(SETTINGS.read_text(encoding="utf-8"), dict.fromkeys(example(), ""))
    assert [channel.name for channel in settings.channels] == ["stderr"]
    assert settings.models[0].version == "1"
    assert settings.log.path == "/var/lib/driftline/log"
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "")
    told = ["channel slack is left out: its webhook_url is empty"]
    assert left_out_of(SETTINGS) == told
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "https://hooks.example.com/services/T/B/X")
    assert left_out_of(SETTINGS) == []


def test_the_settings_pass_config_check_with_a_service_that_answers(
    tmp_path: Path,
    rows_service: Callable[..., Any],
    driftline: Callable[..., Answer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pd.DataFrame({"timestamp": pd.date_range("2026-01-01", periods=500, freq="h")})
    frame.assign(x=range(500)).to_parquet(tmp_path / "reference.parquet")
    service = rows_service([{"timestamp": "2026-03-01T00:00:00Z", "x": 1}])
    environ = {
        "DATA_SOURCE_URL": service.url,
        "REFERENCE_DATA_PATH": str(tmp_path / "reference.parquet"),
        "SLACK_WEBHOOK_URL": "https://hooks.example.com/services/T/B/X",
        "MODEL_VERSION": "7",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    answer = driftline("config", "check", "--config", str(SETTINGS))
    assert answer.code == 0, answer.err
    assert "well; watches my-model" in answer.out


def test_a_container_that_others_reach_needs_a_key(
    world: World, driftline: Callable[..., Answer], serve: Callable[..., ServiceProcess]
) -> None:
    world.live(range(31))
    world.settle()
    words = ("serve", "--port", "0", "--config", str(world.config), "--published")
    refused = driftline(*words, "0.0.0.0")
    assert refused.code == 2
    assert "others can reach 0.0.0.0, and no key is needed" in refused.err
    wrong = driftline(*words, "localhost")
    assert wrong.code == 2
    assert '--published must be an IP address such as 127.0.0.1; found "localhost"' in wrong.err
    assert serve(world.folder, "--published", "127.0.0.1", name="near").listens()
    key = world.run("keys create", "--scope", "read").out.strip()
    address = serve(world.folder, "--published", "0.0.0.0", name="far").listens()
    assert httpx.get(f"{address}/v1/models", timeout=60).status_code == 401
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{address}/v1/models", headers=headers, timeout=60).status_code == 200


def test_where_others_reach_it_the_dashboard_needs_a_login_and_the_api_its_keys(
    world: World, serve: Callable[..., ServiceProcess]
) -> None:
    world.live(range(31))
    world.settle()
    key = world.run("keys create", "--scope", "read").out.strip()
    html = {"Accept": "text/html"}
    without = serve(world.folder, "--published", "0.0.0.0", name="without")
    assert httpx.get(without.listens(), headers=html, timeout=60).status_code == 404
    assert "no `login` in the settings: it is left out" in without.text

    world.settle(login={"password": str(hashed("correct horse", bytes(16)))})
    address = serve(world.folder, "--published", "0.0.0.0", name="with").listens()
    assert httpx.get(address, headers=html, timeout=60).headers["location"] == "/login"
    form = {"name": "Ann", "password": "correct horse"}
    cookies = httpx.post(f"{address}/login", data=form, timeout=60).cookies
    with httpx.Client(cookies=cookies) as visitor:
        assert "<title>Streamlit</title>" in visitor.get(address).text
        assert visitor.get(f"{address}/v1/models").status_code == 401
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{address}/v1/models", headers=headers, timeout=60).status_code == 200
    assert httpx.get(f"{address}/_stcore/health", headers=headers, timeout=60).status_code == 401


def test_the_health_check_of_the_image_says_whether_the_service_is_alive(
    world: World, serve: Callable[..., ServiceProcess]
) -> None:
    world.live(range(31))
    world.settle()
    service = serve(world.folder)
    address = service.listens()
    program, *words = command("HEALTHCHECK")
    assert program == "python"
    words = [word.replace("http://127.0.0.1:8501", address) for word in words]
    assert address in words[-1]

    def checked() -> int:
        done = subprocess.run([sys.executable, *words], capture_output=True, check=False)
        return done.returncode

    assert checked() == 0
    service.stop()
    assert checked() != 0


def test_the_image_is_made_in_two_stages_and_runs_as_nobody_in_particular() -> None:
    words = [word for word, _ in dockerfile()]
    assert words[:2] == ["ARG", "FROM"]
    assert instructions("FROM") == ["${BASE} AS build", "${BASE}"]
    user, group = instructions("USER")[-1].split(":")
    assert min(int(user), int(group)) > 0
    assert words.index("HEALTHCHECK") < words.index("ENTRYPOINT") < words.index("CMD")
    assert (command("ENTRYPOINT"), command("CMD")[0]) == (["driftline"], "serve")


def test_what_the_image_copies_is_there_and_is_sent_to_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    for rest in instructions("COPY"):
        *names, _target = [word for word in rest.split() if not word.startswith("--")]
        if "--from=build" in rest:
            continue
        for name in names:
            assert name == "ca.cr[t]" or (ROOT / name).exists()
            assert any(fnmatch.fnmatch(one, name) or name.startswith(one) for one in sent), name


def locked(file: str) -> dict[str, list[str]]:
    entries: dict[str, list[str]] = {}
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith((" ", "#")):
            entries.setdefault(line.partition("==")[0], []).append(line.removesuffix("\\").strip())
    return entries


def test_the_image_has_what_the_tests_have_without_what_only_they_need() -> None:
    image, tests = locked("deploy/docker/requirements.lock"), locked("requirements.lock")
    others = {name: lines for name, lines in image.items() if tests.get(name) != lines}
    assert others == {}, "make deploy/docker/requirements.lock anew: see CONTRIBUTING.md"
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    told = tomllib.loads(project)["project"]
    extras = told["optional-dependencies"]
    wanted = [*told["dependencies"], *extras["postgresql"], *extras["oidc"]]
    names = {canonicalize_name(Requirement(one).name) for one in wanted}
    assert names <= set(image)
    assert not {"pytest", "playwright", "mypy"} & set(image)


def docker(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *words], cwd=ROOT, capture_output=True, text=True, check=check, timeout=900
    )


def test_docker_compose_reads_the_file() -> None:
    if shutil.which("docker") is None or docker("compose", "version", check=False).returncode:
        pytest.skip("the docker client has no compose here: the file was checked without it")
    done = docker("compose", "--profile", "postgresql", "config", "--quiet", check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def image() -> Iterator[str]:
    """The image, built from what is here; gone after the test."""
    if shutil.which("docker") is None or docker("info", check=False).returncode:
        pytest.skip("no Docker daemon runs here: the image was not built")
    ways = (("image", "inspect"), ("pull", "--quiet"))
    if all(docker(*way, BASE, check=False).returncode for way in ways):
        pytest.skip(f"the base image {BASE} cannot be had here: the image was not built")
    name = f"driftline:test-{uuid.uuid4().hex[:8]}"
    done = docker("build", "--quiet", "--build-arg", f"BASE={BASE}", "-t", name, ".", check=False)
    assert done.returncode == 0, done.stderr
    yield name
    docker("image", "rm", "--force", name, check=False)


@pytest.mark.slow
def test_the_image_is_built_and_runs_without_rights(
    image: str, eventually: Callable[..., Any]
) -> None:
    """On a read-only root, as somebody who is not root, healthy, and ended in order by SIGTERM."""
    name = f"driftline-test-{uuid.uuid4().hex[:8]}"
    rights = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--init")
    words = [*command("CMD"), "--published", "127.0.0.1"]
    docker("run", "--detach", "--name", name, *rights, "-v", "/var/lib/driftline", image, *words)
    try:
        check = command("HEALTHCHECK")
        eventually(lambda: docker("exec", name, *check, check=False).returncode == 0)
        assert docker("exec", name, "id", "-u").stdout.strip() == "10001"
        assert docker("exec", name, "touch", "/opt/driftline/x", check=False).returncode != 0
        status = docker("exec", name, "driftline", "status", "--json", "-c", command("CMD")[2])
        assert json.loads(status.stdout)["models"][0]["name"] == "my-model"
        docker("stop", "--time", "20", name)
        told = docker("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip()
        assert told == "0"
    finally:
        docker("rm", "--force", "--volumes", name, check=False)
