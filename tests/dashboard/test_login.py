"""The login: what passes without one, who may do what, and how long."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync import client
from websockets.typing import Origin

from driftline.dashboard.login.attempts import MOST, WITHIN, Attempts
from driftline.dashboard.login.form import local_path
from driftline.dashboard.login.people import visitor_told
from driftline.dashboard.login.sessions import COOKIE, Sessions, Visitor, sessions_of
from driftline.errors import SettingsError
from driftline.passwords import Hashed, hashed
from driftline.settings import load_settings
from driftline.settings.login import LoginSettings, Oidc

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from tests.dashboard.conftest import Opened, World

    Open = Callable[..., Opened]

COMMAND = "from driftline.cli import main; main()"
ACT, READ = "correct horse <battery>", "only looking here"
KEY = b"k" * 32


@pytest.fixture(scope="module")
def hashes() -> dict[str, str]:
    """What the settings keep of both passwords."""
    return {
        "password": str(hashed(ACT, b"s" * 16)),
        "read_password": str(hashed(READ, b"t" * 16)),
    }


@pytest.fixture(scope="module")
def guarded(
    judged_folder: Path, hashes: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the dashboard of a copy of the world, with a login, in a process of its own
    that listens on all addresses."""
    folder = tmp_path_factory.mktemp("guarded")
    for file in judged_folder.iterdir():
        shutil.copy(file, folder)
    config = folder / "driftline.yaml"
    config.write_text(json.dumps({**json.loads(config.read_text()), "login": hashes}))
    asked = ["dashboard", "--config", str(config), "--host", "0.0.0.0", "--port", "0"]
    command = [sys.executable, "-c", COMMAND, *asked]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        found = re.search(r":(\d+)", told)
        assert found, told
        yield f"http://127.0.0.1:{found[1]}"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@cache
def http() -> httpx.Client:
    """It keeps no cookies, and follows nowhere."""
    return httpx.Client(timeout=60)


def ask(method: str, url: str, **more: Any) -> httpx.Response:
    cookies = more.pop("cookies", {})
    headers = more.pop("headers", {})
    if cookies:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    answer = http().request(method, url, headers=headers, **more)
    http().cookies.clear()
    return answer


def log_in(site: str, name: str, password: str) -> httpx.Response:
    return ask("POST", f"{site}/login", data={"name": name, "password": password})


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/health",
        "/_stcore/host-config",
        "/_stcore/upload_file/a/b",
        "/static/js/index.js",
        "/media/x.png",
        "/incident",
        "//incident",
        "/login/../incidents",
        "/%6cogin",
        "/auth/login",
        "/oauth2callback",
        "/_stcore/stream",
    ],
)
def test_without_a_login_nothing_is_told(guarded: str, path: str) -> None:
    answer = ask("GET", guarded + path)
    assert answer.status_code in (401, 200)
    if answer.status_code == 200:
        assert "<h1>Log in</h1>" in answer.text
    else:
        assert answer.text == "log in first\n"
    for method in ("POST", "PUT", "OPTIONS"):
        answer = ask(method, guarded + path)
        assert answer.status_code in (401, 422) or "<h1>Log in</h1>" in answer.text


def test_a_page_leads_to_the_login_and_from_there_to_where_one_wanted_to_go(guarded: str) -> None:
    page = ask("GET", f"{guarded}/incident?id=a%20b", headers={"Accept": "text/html"})
    assert page.headers["location"] == "/login?next=%2Fincident%3Fid%3Da%2520b"
    form = ask("GET", guarded + page.headers["location"])
    assert form.headers["cache-control"] == "no-store"
    action = re.search(r'action="([^"]+)"', form.text)
    assert action
    sent = ask("POST", guarded + action[1], data={"name": "Ann", "password": ACT})
    assert (sent.status_code, sent.headers["location"]) == (303, "/incident?id=a%20b")
    cookie = sent.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    answer = ask("GET", f"{guarded}/incident", cookies=dict(sent.cookies))
    assert "<title>Streamlit</title>" in answer.text


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\nb", "x"]
)
def test_nobody_is_led_to_another_site(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_a_websocket_needs_the_cookie_and_ends_with_the_session(guarded: str) -> None:
    address, origin = guarded.replace("http", "ws") + "/_stcore/stream", Origin(guarded)

    def connected(cookie: str | None) -> client.ClientConnection:
        headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else None
        return client.connect(address, origin=origin, additional_headers=headers)

    forged = Sessions(KEY, 60).begin(Visitor("Eve", may_act=True))
    for cookie in (None, "x", "e30=.", forged):
        with pytest.raises(InvalidStatus, match="403"):
            connected(cookie)
    cookies = dict(log_in(guarded, "Ann", READ).cookies)
    with connected(cookies[COOKIE]) as connection:
        out = ask("POST", f"{guarded}/logout", cookies=cookies)
        assert out.headers["location"] == "/login"
        connection.send(b"\x00")
        connection.send(b"\x00")
        with pytest.raises(ConnectionClosed):
            list(iter(lambda: connection.recv(timeout=20), None))
    with pytest.raises(InvalidStatus, match="403"):
        connected(cookies[COOKIE])
    assert ask("GET", f"{guarded}/_stcore/health", cookies=cookies).status_code == 401


def test_forms_of_other_sites_are_refused(guarded: str) -> None:
    cookies = dict(log_in(guarded, "Ann", READ).cookies)
    headers = {"Origin": "https://evil.example"}
    answer = ask("POST", f"{guarded}/logout", cookies=cookies, headers=headers)
    assert answer.status_code == 403
    assert ask("GET", f"{guarded}/_stcore/health", cookies=cookies).status_code == 200


def test_wrong_passwords_and_no_name_are_told_without_a_session(guarded: str) -> None:
    wrong = log_in(guarded, "<b>Ann</b>", "not this one")
    assert wrong.status_code == 401
    assert "That is not the password" in wrong.text
    assert "&lt;b&gt;Ann&lt;/b&gt;" in wrong.text
    assert "not this one" not in wrong.text
    nameless = log_in(guarded, "  ", ACT)
    assert "Say who you are" in nameless.text
    large = ask("POST", f"{guarded}/login", data={"name": "x" * 10_000, "password": ACT})
    assert large.status_code == 422
    for answer in (wrong, nameless, large):
        assert COOKIE not in answer.cookies
    assert log_in(guarded, "Ann", ACT).status_code == 303


def test_who_guesses_has_to_wait_and_others_do_not() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(MOST):
        assert attempts.wait("2001:db8::1") == 0
        attempts.begin("2001:db8::1")
        now[0] += 1
    assert attempts.wait("2001:db8::1") == WITHIN - MOST
    assert attempts.wait("2001:db8::2") > 0
    assert attempts.wait("2001:db8:0:1::1") == 0
    now[0] += WITHIN
    assert attempts.wait("2001:db8::1") == 0
    attempts.right("2001:db8::1")
    assert attempts.wait("2001:db8::1") == 0


def test_a_session_is_over_after_its_time_and_with_another_password(hashes: dict[str, str]) -> None:
    now = [1000.0]
    own = LoginSettings.model_validate({**hashes, "secret": "s" * 32})
    sessions = replace(sessions_of(own), clock=lambda: now[0])
    cookie = sessions.begin(Visitor("Änn", may_act=False))
    found = sessions.find(cookie)
    assert found is not None
    assert found.visitor == Visitor("Änn", may_act=False)
    assert replace(sessions_of(own), clock=lambda: now[0]).find(cookie) is not None
    changed = {"read_password": hashes["read_password"], "secret": "s" * 32}
    other = sessions_of(LoginSettings.model_validate(changed))
    assert replace(other, clock=lambda: now[0]).find(cookie) is None
    now[0] += 12 * 3600
    assert sessions.find(cookie) is None


def test_a_cookie_that_was_changed_counts_for_nothing() -> None:
    sessions = Sessions(KEY, 60)
    cookie = sessions.begin(Visitor("Ann", may_act=False))
    assert all(sessions.find(cookie[:i] + "A" + cookie[i + 1 :]) is None for i in (5, 40, -3))
    assert sessions.find("ä.ö") is None


def test_passwords_are_kept_as_salted_hashes() -> None:
    one, other = hashed(ACT, b"1" * 16), hashed(ACT, b"2" * 16)
    assert one.value != other.value
    assert Hashed.read(str(one)).is_of(ACT)
    assert not one.is_of(READ)
    assert ACT not in str(one)
    with pytest.raises(ValueError, match="at least 8 characters; found 5"):
        hashed("short", b"1" * 16)


@pytest.mark.parametrize("text", ["", ACT, "scrypt:2-1-1::", "scrypt:3-8-1:AAAA:AAAA"])
def test_what_is_no_hash_is_refused_and_not_shown(text: str, judged_folder: Path) -> None:
    config = json.loads((judged_folder / "driftline.yaml").read_text())
    path = judged_folder / "other.yaml"
    path.write_text(json.dumps({**config, "login": {"password": text}}))
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert "`driftline password`" in str(caught.value)
    assert ACT not in str(caught.value)
    path.unlink()


def test_the_settings_say_what_a_login_lacks(world: World) -> None:
    config = json.loads(world.config.read_text())
    oidc = {"server": "https://id.example", "client_id": "a", "client_secret": "b", "act": ["@x.y"]}
    path = world.config.with_name("lacking.yaml")
    for login, told in (
        ({}, "give `password`"),
        ({"oidc": oidc}, "`oidc` needs `url`"),
        ({"oidc": {**oidc, "act": []}}, "nobody may log in"),
    ):
        path.write_text(json.dumps({**config, "login": login}))
        with pytest.raises(SettingsError, match=told):
            load_settings(path)
    path.unlink()


def test_the_command_prints_a_hash_of_what_comes_in() -> None:
    command = [sys.executable, "-c", COMMAND, "password"]
    done = subprocess.run(command, input=f"{ACT}\n", capture_output=True, text=True, check=True)
    assert Hashed.read(done.stdout).is_of(ACT)
    assert ACT not in done.stdout + done.stderr
    short = subprocess.run(command, input="abc\n", capture_output=True, text=True, check=False)
    assert (short.returncode, short.stdout) == (2, "")


def test_people_of_a_provider_are_known_by_address_domain_or_role() -> None:
    oidc = Oidc.model_validate(
        {
            "server": "https://id.example/",
            "client_id": "a",
            "client_secret": "b",
            "act": ["Ann@example.com", "ops"],
            "read": ["@example.com"],
            "roles": "groups",
        }
    )
    assert oidc.metadata == "https://id.example/.well-known/openid-configuration"
    cases = {
        "ann@EXAMPLE.com": True,
        "bob@example.com": False,
        "eve@evil-example.com": None,
        "eve@evil.com@example.com": None,
        "": None,
    }
    for email, may_act in cases.items():
        found = visitor_told(oidc, {"email": email, "sub": "1"})
        assert (found.may_act if found else None) == may_act, email
    unverified = {"email": "ann@example.com", "email_verified": False}
    assert visitor_told(oidc, unverified) is None
    assert visitor_told(oidc, {"sub": "7", "groups": ["x", "ops"]}) == Visitor("7", may_act=True)
    assert visitor_told(oidc, {"sub": "7", "groups": "opsx"}) is None


def test_who_has_no_session_any_more_sees_nothing_and_does_nothing(
    world: World, open_page: Open
) -> None:
    shown = replace(world.shown, sessions=Sessions(KEY, 60))
    incident = world.store.incidents(open_only=True)[0]
    opened = open_page(shown, "incident", id=incident.id)
    assert opened.text == "You are logged out Log in again to go on."
    assert not opened.app.button


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def enter(tab: Page, name: str, password: str) -> None:
    tab.get_by_label("Your name").fill(name)
    tab.get_by_label("Password").fill(password)
    tab.get_by_role("button", name="Log in").click()


@pytest.mark.slow
def test_in_a_browser_who_may_act_logs_in_acts_under_that_name_and_logs_out(
    tab: Page, guarded: str, world: World
) -> None:
    incident = world.store.incidents(open_only=True)[0]
    tab.goto(f"{guarded}/incident?id={incident.id}")
    enter(tab, "Ann", ACT)
    tab.wait_for_url(f"{guarded}/incident?id={incident.id}")
    tab.get_by_role("button", name="Add a note").click()
    tab.get_by_label("Why").fill("seen in the browser")
    assert tab.get_by_label("Who").count() == 0
    tab.get_by_role("button", name="Add a note").last.click()
    note = tab.locator("li.noted").filter(has_text="Note by Ann").filter(has_text="seen in the")
    note.wait_for()
    assert tab.get_by_role("heading", name="Notices").count() == 1
    tab.reload()
    note.wait_for()
    other = tab.context.new_page()
    other.goto(f"{guarded}/incidents")
    other.get_by_role("button", name="Log out").wait_for()
    tab.get_by_role("button", name="Log out").click()
    tab.get_by_role("heading", name="Log in").wait_for()
    tab.go_back()
    tab.get_by_role("heading", name="Log in").wait_for()
    other.wait_for_url(f"{guarded}/login?next=%2Fincidents")


@pytest.mark.slow
def test_in_a_browser_who_may_only_look_sees_all_and_finds_no_button(
    tab: Page, guarded: str, world: World
) -> None:
    incident = world.store.incidents(open_only=True)[0]
    tab.goto(f"{guarded}/incident?id={incident.id}")
    enter(tab, "Bob", READ)
    tab.get_by_text("(may look, not act)").wait_for(timeout=60_000)
    assert tab.get_by_text("What to do").count() == 1
    for name in ("Acknowledge", "Snooze", "Resolve", "Add a note"):
        assert tab.get_by_role("button", name=name).count() == 0
