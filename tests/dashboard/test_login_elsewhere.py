"""Logging in with an account elsewhere: the whole way to a provider of our own and back."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI, Request
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.responses import RedirectResponse

from driftline.dashboard.login.sessions import COOKIE
from driftline.service.listening import Address, Http, listening_socket, url_of

COMMAND = "from driftline.cli import main; main()"


@dataclass
class Provider:
    """A provider of OpenID Connect at `url`; who logs in there is `claims`."""

    url: str
    key: RSAKey
    claims: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""


def provider_application(provider: Provider) -> FastAPI:
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    async def metadata() -> dict[str, Any]:
        return {
            "issuer": provider.url,
            "authorization_endpoint": f"{provider.url}/authorize",
            "token_endpoint": f"{provider.url}/token",
            "jwks_uri": f"{provider.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    @app.get("/keys")
    async def keys() -> dict[str, Any]:
        return {"keys": [provider.key.as_dict(private=False)]}

    @app.get("/authorize")
    async def authorize(redirect_uri: str, state: str, nonce: str) -> RedirectResponse:
        provider.nonce = nonce
        query = urlencode({"code": "once", "state": state})
        return RedirectResponse(f"{redirect_uri}?{query}", 302)

    @app.post("/token")
    async def token(request: Request) -> dict[str, Any]:
        assert b"code=once" in await request.body()
        now = int(time.time())
        claims = {
            "iss": provider.url,
            "aud": "driftline",
            "sub": "7",
            "iat": now,
            "exp": now + 300,
            "nonce": provider.nonce,
            **provider.claims,
        }
        signed = jwt.encode({"alg": "RS256", "kid": provider.key.kid}, claims, provider.key)
        return {"access_token": "x", "token_type": "Bearer", "id_token": signed}

    return app


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with listening_socket(Address("127.0.0.1", 0)) as listening:
        key = RSAKey.generate_key(2048, auto_kid=True)
        made = Provider(url_of(listening), key)
        http = Http(provider_application(made), listening)
        http.start()
        yield made
        http.stop()
        http.join(5)


@pytest.fixture(scope="module")
def site(
    judged_folder: Path, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The dashboard in a process of its own; people log in at the provider."""
    folder = tmp_path_factory.mktemp("elsewhere")
    for file in judged_folder.iterdir():
        shutil.copy(file, folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    oidc = {
        "server": provider.url,
        "client_id": "driftline",
        "client_secret": "between us",
        "act": ["ann@example.com"],
        "read": ["analysts"],
        "roles": "groups",
    }
    config = folder / "driftline.yaml"
    told = json.loads(config.read_text())
    url = f"http://127.0.0.1:{port}"
    config.write_text(json.dumps({**told, "url": url, "login": {"oidc": oidc}}))
    asked = ["dashboard", "--config", str(config), "--port", str(port)]
    command = [sys.executable, "-c", COMMAND, *asked]
    alone = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=alone) as process:
        assert process.stderr is not None
        assert url in process.stderr.readline()
        yield url
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def arrive(site: str, provider: Provider, claims: dict[str, Any]) -> httpx.Response:
    """The way of a browser from a page to the provider and back to where it leads."""
    provider.claims = claims
    headers = {"Accept": "text/html"}
    with httpx.Client(timeout=60, follow_redirects=True, headers=headers, trust_env=False) as http:
        form = http.get(f"{site}/incident?id=a%20b")
        assert "Log in with your account" in form.text
        assert "Password" not in form.text
        answer = http.get(f"{site}/login/oidc", params={"next": form.url.params["next"]})
        names = {cookie.name for cookie in http.cookies.jar}
        assert not [name for name in names if name.startswith("_streamlit_user")]
        answer.extensions["names"] = names
        return answer


def test_who_is_listed_comes_to_the_page_that_was_asked_for(site: str, provider: Provider) -> None:
    for claims in (
        {"email": "Ann@example.com", "email_verified": True},
        {"name": "Bob", "groups": ["staff", "analysts"]},
    ):
        answer = arrive(site, provider, claims)
        assert (answer.status_code, str(answer.url)) == (200, f"{site}/incident?id=a%20b")
        assert "<title>Streamlit</title>" in answer.text
        assert COOKIE in answer.extensions["names"]


def test_who_is_not_listed_is_refused(site: str, provider: Provider) -> None:
    for claims in ({"email": "eve@example.com"}, {"email": "ann@example.com", "aud": "other"}):
        answer = arrive(site, provider, claims)
        assert "<h1>Log in</h1>" in answer.text
        assert COOKIE not in answer.extensions["names"]
    assert "may not see the dashboard" in arrive(site, provider, {"email": "eve@x.org"}).text


def test_a_cookie_of_the_provider_that_somebody_made_up_counts_for_nothing(site: str) -> None:
    told = '{"email":"ann@example.com"}'
    for value in (told, "x", "2|1:0|10:1|15:_streamlit_user|4:e30=|abc"):
        headers = {"Cookie": f"_streamlit_user={value}", "Accept": "text/html"}
        answer = httpx.get(f"{site}/", headers=headers, trust_env=False, timeout=30)
        assert answer.headers["location"] == "/login"
