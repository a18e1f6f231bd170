"""Slack and webhooks against a real server: what is sent, and what its answer means."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from driftline.channels import Channel, channel_kinds
from driftline.channels.slack import SlackChannel
from driftline.channels.slack.message import message
from driftline.channels.webhook import WebhookChannel, WebhookSettings
from driftline.channels.webhook.document import document
from driftline.errors import ChannelError, Refused, TryAgain
from driftline.notices import Notice

GOLDEN = Path(__file__).parents[1] / "golden"
Start = Callable[..., Any]
SECRET = "a secret of sixteen or more"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def slack_at(url: str, timeout: int = 10) -> Channel:
    return SlackChannel(url, timeout, clock=lambda: 1767225600.0)


def webhook_at(url: str, timeout: int = 10) -> Channel:
    settings = WebhookSettings(
        url=SecretStr(url),
        secret=SecretStr(SECRET),
        headers={"Authorization": SecretStr("Bearer SECRETSECRET")},
        timeout=timedelta(seconds=timeout),
    )
    return WebhookChannel(settings, clock=lambda: 1767225600.0)


both = pytest.mark.parametrize("channel_at", [slack_at, webhook_at])


def test_a_slack_message_is_as_it_was_looked_at(
    loopback: Start, drop_and_drift: Notice, resolved: Notice
) -> None:
    server = loopback((200, {}, "ok"))
    for notice, name in ((drop_and_drift, "slack_opened"), (resolved, "slack_resolved")):
        slack_at(server.url).send(notice)
        assert json.loads(server.asked[-1].body) == golden(f"{name}.json")
    assert server.asked[0].headers["content-type"] == "application/json;charset=utf-8"


def test_a_webhook_gets_the_documented_json_and_can_prove_whose_it_is(
    loopback: Start, drop_and_drift: Notice
) -> None:
    server = loopback((204, {}, ""))
    webhook_at(server.url).send(drop_and_drift)
    (asked,) = server.asked
    assert json.loads(asked.body) == golden("webhook_opened.json")
    signed = asked.headers["x-driftline-timestamp"].encode() + b"." + asked.body
    made = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert asked.headers["x-driftline-signature"] == f"sha256={made}"
    assert asked.headers["x-driftline-id"] == drop_and_drift.id
    assert asked.headers["authorization"] == "Bearer SECRETSECRET"


def test_the_example_in_the_docs_is_what_is_sent() -> None:
    page = (GOLDEN.parents[1] / "docs" / "reference" / "webhook.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(example) == golden("webhook_opened.json")
    told = set(re.findall(r"`(\w+)`", page))
    assert told >= {*golden("webhook_opened.json"), *golden("webhook_opened.json")["incidents"][0]}


@both
@pytest.mark.parametrize("status", [429, 500, 503, 408])
def test_what_may_pass_is_tried_again_when_the_server_says(
    loopback: Start, resolved: Notice, channel_at: Callable[..., Channel], status: int
) -> None:
    server = loopback(
        (status, {"Retry-After": "17"}, "SECRETSECRET"),
        (status, {"Retry-After": "Thu, 01 Jan 2026 00:02:00 GMT"}, ""),
        (status, {"Retry-After": "soon"}, ""),
    )
    channel = channel_at(server.url)
    found = []
    for _ in range(3):
        with pytest.raises(TryAgain, match=str(status)) as told:
            channel.send(resolved)
        found.append(told.value.after)
        assert "SECRET" not in str(told.value)
    assert found == [timedelta(seconds=17), timedelta(minutes=2), None]
    assert len(server.asked) == 3


@both
@pytest.mark.parametrize("status", [400, 403, 404, 410, 302])
def test_what_will_not_pass_is_refused(
    loopback: Start, resolved: Notice, channel_at: Callable[..., Channel], status: int
) -> None:
    server = loopback((status, {}, "no_service"))
    with pytest.raises(Refused, match=str(status)) as told:
        channel_at(server.url).send(resolved)
    assert "SECRET" not in str(told.value)
    assert ("no_service" in str(told.value)) == (channel_at is slack_at)


@both
def test_a_server_that_says_nothing_or_is_not_there_is_tried_again(
    loopback: Start,
    resolved: Notice,
    channel_at: Callable[..., Channel],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    silent = loopback(None)
    with pytest.raises(TryAgain, match=r"did not answer|no answer") as told:
        channel_at(silent.url, timeout=1).send(resolved)
    with pytest.raises(TryAgain, match="refused") as absent:
        channel_at("http://127.0.0.1:9/SECRETSECRET").send(resolved)
    assert "SECRET" not in f"{told.value}{absent.value}{caplog.text}"


def test_a_redirected_webhook_is_not_followed(loopback: Start, resolved: Notice) -> None:
    other = loopback((200, {}, ""))
    server = loopback((302, {"Location": other.url}, ""))
    with pytest.raises(ChannelError, match="302"):
        webhook_at(server.url).send(resolved)
    assert other.asked == []


def test_text_from_data_is_no_markup_and_no_mention_in_slack(nasty: Notice) -> None:
    sent = json.dumps(message(nasty), ensure_ascii=False)
    assert "<!channel>" not in sent
    assert "<script" not in sent
    assert "*net*" not in sent
    assert "_x_" not in sent
    assert "&lt;!channel&gt;" in sent
    assert all(text["verbatim"] for text in texts(message(nasty)) if text["type"] == "mrkdwn")


def texts(found: Any) -> list[dict[str, Any]]:
    if isinstance(found, dict):
        own = [found] if found.get("type") in ("mrkdwn", "plain_text") else []
        return [*own, *(text for value in found.values() for text in texts(value))]
    return [text for value in found for text in texts(value)] if isinstance(found, list) else []


def test_a_message_keeps_to_what_slack_takes_however_much_there_is_to_say(many: Notice) -> None:
    sent = message(many)
    blocks = sent["attachments"][0]["blocks"]
    assert len(blocks) <= 50
    assert all(len(block.get("fields", [])) <= 10 for block in blocks)
    assert all(len(text["text"]) <= 3000 for text in texts(blocks))
    cells = [cell for block in blocks for cell in block.get("fields", [])]
    assert all(len(cell["text"]) <= 2000 for cell in cells)
    assert "more" in texts(blocks)[-1]["text"]
    assert document(many)["incidents"][299]["id"]


def test_a_test_notice_says_that_it_is_one() -> None:
    notice = Notice("", (), id="1", words="Test from Driftline")
    assert document(notice)["test"] is True
    assert message(notice)["text"] == "*Test from Driftline*"


@pytest.mark.parametrize(
    ("kind", "keys", "found"),
    [
        ("slack", {"webhook_url": "hooks.slack.com/SECRET"}, "begins with https"),
        ("slack", {"webhook_url": "https://a/SECRET b"}, "without spaces"),
        ("webhook", {"url": "https://a/", "secret": "SECRET"}, "16"),
        ("webhook", {"url": "https://a/", "headers": {"X-A": "SECRET\r\nB: c"}}, "one line"),
        ("webhook", {"url": "https://a/", "headers": {"a b": "SECRET"}}, "no name"),
        ("webhook", {"url": "https://a/", "headers": {"Host": "SECRET"}}, "leave it out"),
    ],
)
def test_settings_that_cannot_work_are_refused_without_their_secrets(
    kind: str, keys: dict[str, Any], found: str
) -> None:
    with pytest.raises(ValidationError, match=found) as told:
        channel_kinds()[kind].settings.model_validate(keys)
    assert "SECRET" not in str(told.value)


def test_secrets_are_in_no_repr() -> None:
    channel = webhook_at("https://example.com/SECRETSECRET")
    settings = channel_kinds()["slack"].settings.model_validate(
        {"webhook_url": "https://example.com/SECRETSECRET"}
    )
    assert SECRET not in repr(channel) + repr(vars(channel))
    assert "SECRET" not in repr(channel) + repr(vars(channel)) + repr(settings)
