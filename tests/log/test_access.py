"""Who may use the API: keys by model and scope, kept as hashes, shown once; limits on the rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from driftline.errors import ServiceError
from driftline.service.api import access
from driftline.service.api.access import refuse_strangers
from driftline.stores.keys import SCOPES, Keys, Scope

if TYPE_CHECKING:
    from httpx import Response
    from tests.log.conftest import Site

Opens = Callable[..., "Site"]
NOW = datetime.now(UTC)
OPEN = {"/healthz", "/readyz"}
ROW = b'{"rows": [{"id": "a", "late": true}]}'


@pytest.fixture
def two(open_site: Opens, model: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site of two models, `shop` and `web`, where a key that is made counts at once."""
    monkeypatch.setattr(access, "KEYS_LAST", 0.0)
    return open_site(model, {**model, "name": "web"})


def key(site: Site, scope: Scope, model: str | None = None, name: str = "") -> str:
    return Keys(site.log.engine).create(scope, model, name, NOW)[1]


def ask(site: Site, method: str, path: str, word: str | None, **more: Any) -> Response:
    headers = {"Content-Type": "application/json"}
    if word is not None:
        headers["Authorization"] = f"Bearer {word}"
    return site.ask(method, path, headers=headers, **more)


def routes(site: Site) -> list[tuple[str, str]]:
    """Every route of the API with a method, its variables filled in."""
    paths = site.ask("GET", "/openapi.json").json()["paths"]
    return [
        (method.upper(), path.replace("{name}", "shop").replace("{id}", "some"))
        for path, methods in paths.items()
        for method in methods
    ]


def test_without_keys_every_route_answers(two: Site) -> None:
    for method, path in routes(two):
        assert ask(two, method, path, None, content=b"{}").status_code not in (401, 403)


def test_with_a_key_every_route_but_the_two_of_health_needs_one(two: Site) -> None:
    every = routes(two)
    assert len(every) > 10
    key(two, "read")
    for method, path in [*every, ("GET", "/openapi.json")]:
        if path in OPEN:
            assert ask(two, method, path, None).status_code == 200
            continue
        answer = ask(two, method, path, None, content=b"{}")
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "driftline keys create" in answer.json()["detail"]


@pytest.mark.parametrize(
    "word",
    [
        "",
        "x",
        "driftline",
        "driftline_",
        "driftline_00000000_x",
        "driftline_{id}_",
        "Driftline_{id}_{rest}",
        "driftline_{id}_{rest}x",
        "driftline_{id}_ä",
    ],
)
def test_a_word_that_is_no_key_is_refused(two: Site, word: str) -> None:
    _, number, rest = key(two, "read").split("_", 2)
    wrong = word.format(id=number, rest=rest).encode()
    headers = {"Authorization": b"Bearer " + wrong}
    assert two.ask("GET", "/v1/models", headers=headers).status_code == 401


def test_a_key_allows_its_scope_on_its_model_and_nothing_else(two: Site) -> None:
    for scope in SCOPES:
        for of in (None, "shop"):
            word = key(two, scope, of)
            for model in ("shop", "web"):
                right = of in (None, model)
                path = f"/v1/models/{model}"
                wrote = ask(two, "POST", f"{path}/predictions", word, content=ROW)
                assert (wrote.status_code == 202) == (right and scope in ("write", "admin"))
                read = ask(two, "GET", f"{path}/windows", word)
                assert (read.status_code == 200) == (right and scope in ("read", "admin"))
                acts = ask(two, "POST", "/v1/incidents/none/acknowledge", word, content=b"{}")
                assert acts.status_code == (404 if scope == "admin" else 403)


def test_a_key_of_one_model_sees_no_other(two: Site) -> None:
    word = key(two, "read", "web")
    names = [one["name"] for one in ask(two, "GET", "/v1/models", word).json()["models"]]
    assert names == ["web"]
    assert ask(two, "GET", "/v1/incidents?model=shop", word).status_code == 403
    assert ask(two, "GET", "/v1/incidents", word).json() == {"incidents": []}
    refused = ask(two, "GET", "/v1/models", key(two, "write", "web")).json()
    assert refused["detail"] == "this key allows write of web; needed is read of web"
    assert "shop" not in ask(two, "GET", "/metrics", word).text


def test_a_key_that_is_revoked_is_of_no_use_and_opens_nothing_to_all(two: Site) -> None:
    word = key(two, "admin")
    assert ask(two, "GET", "/v1/models", word).status_code == 200
    assert Keys(two.log.engine).revoke(word.split("_")[1], NOW)
    assert ask(two, "GET", "/v1/models", word).status_code == 401
    assert ask(two, "GET", "/v1/models", None).status_code == 401
    assert not Keys(two.log.engine).revoke(word.split("_")[1], NOW)


def test_the_store_holds_no_key_only_its_hash(two: Site) -> None:
    secret = key(two, "write", name="the shop").split("_", 2)[2]
    two.close()
    kept = b"".join(file.read_bytes() for file in two.folder.glob("driftline.db*"))
    assert b"driftline_keys" in kept
    assert secret.encode() not in kept
    two.open()
    assert secret not in repr(Keys(two.log.engine).all())


def test_a_page_of_another_site_may_not_use_a_service_without_keys(two: Site) -> None:
    evil = {"Origin": "http://evil.example"}
    for method, path in (("POST", "/v1/models/shop/predictions"), ("GET", "/v1/models")):
        answer = two.ask(method, path, headers=evil, content=ROW)
        assert answer.status_code == 403
    own = {"Origin": "http://127.0.0.1"}
    assert two.ask("GET", "/v1/models", headers=own).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8501", 200),
        ("[::1]:8501", 200),
        ("localhost", 200),
        ("drift.shop.example", 200),
        ("evil.example:8501", 403),
        ("127.0.0.1.evil.example", 403),
        ("", 403),
    ],
)
def test_another_site_cannot_point_its_name_at_a_service_without_keys(
    open_site: Opens, host: str, status: int
) -> None:
    site = open_site(url="https://drift.shop.example/")
    answer = site.ask("GET", "/v1/models", headers={"Host": host})
    assert answer.status_code == status
    if status == 200:
        word = key(site, "read")
        site.restart()
        headers = {"Host": "evil.example", "Authorization": f"Bearer {word}"}
        assert site.ask("GET", "/v1/models", headers=headers).status_code == 200


def test_who_asks_too_often_waits_and_others_do_not(
    two: Site, open_site: Opens, model: Mapping[str, Any]
) -> None:
    words = [key(two, "read"), key(two, "read")]
    two.close()
    site = open_site(model, api={"requests_per_second": 0.05})
    assert ask(site, "GET", "/v1/models", words[0]).status_code == 200
    refused = next(
        answer
        for answer in (ask(site, "GET", "/v1/models", words[0]) for _ in range(30))
        if answer.status_code == 429
    )
    assert int(refused.headers["Retry-After"]) >= 1
    assert "more than 0.05 requests a second" in refused.json()["detail"]
    assert ask(site, "GET", "/v1/models", words[1]).status_code == 200
    assert ask(site, "GET", "/healthz", None).status_code == 200
    two.open()


def test_guessing_keys_is_slowed_down(
    two: Site, open_site: Opens, model: Mapping[str, Any]
) -> None:
    key(two, "read")
    two.close()
    site = open_site(model, api={"requests_per_second": 0.05})
    codes = [ask(site, "GET", "/v1/models", f"driftline_{i}_x").status_code for i in range(30)]
    assert codes[0] == 401
    assert 429 in codes
    two.open()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "fe80::1%eth0"])
def test_an_address_that_others_reach_needs_a_key(two: Site, host: str) -> None:
    keys = Keys(two.log.engine)
    with pytest.raises(ServiceError, match="make one with `driftline keys create"):
        refuse_strangers(host, keys)
    refuse_strangers("127.0.0.1", keys)
    refuse_strangers("::1", keys)
    key(two, "write")
    refuse_strangers(host, keys)
