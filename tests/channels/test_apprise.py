"""Apprise URLs: a JSON service of its on a loopback server stands for all of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from driftline.channels.apprise import AppriseChannel, AppriseSettings
from driftline.errors import SettingsError, TryAgain
from driftline.notices import Notice

Start = Callable[..., Any]

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""Apprise imports it."""


def channel(*servers: Any) -> AppriseChannel:
    urls = [server.url.replace("http://", "json://") for server in servers]
    return AppriseChannel(AppriseSettings.model_validate({"urls": urls}))


def test_a_notice_goes_to_every_url(loopback: Start, drop_and_drift: Notice) -> None:
    first, second = loopback((200, {}, "")), loopback((200, {}, ""))
    channel(first, second).send(drop_and_drift)
    for server in (first, second):
        (asked,) = server.asked
        sent = json.loads(asked.body)
        assert sent["title"] == "late-arrival: Performance drop and data drift opened (high)"
        assert sent["type"] == "failure"
        assert "temp: median 74 (reference 38)" in sent["message"]
        assert "https://driftline.example.com/incident?id=" in sent["message"]


def test_a_url_that_fails_is_tried_again_alone_and_stays_secret(
    loopback: Start, resolved: Notice, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    well, ill = loopback((200, {}, "")), loopback((500, {}, ""), (200, {}, ""))
    sender = channel(well, ill)
    with pytest.raises(TryAgain, match=r"json \(URL 2\)") as told:
        sender.send(resolved)
    assert "SECRET" not in f"{told.value}{caplog.text}"
    sender.send(replace(resolved, only_to=told.value.rest))
    assert (len(well.asked), len(ill.asked)) == (1, 2)


def test_a_url_that_apprise_does_not_know_is_a_fault_of_the_settings() -> None:
    settings = AppriseSettings.model_validate({"urls": ["nosuchthing://SECRETSECRET"]})
    with pytest.raises(SettingsError, match=r"nosuchthing \(URL 1\)") as told:
        AppriseChannel(settings)
    assert "SECRET" not in f"{told.value}{settings!r}"
    with pytest.raises(ValidationError, match="must be an Apprise URL") as refused:
        AppriseSettings.model_validate({"urls": ["SECRETSECRET"]})
    assert "SECRET" not in str(refused.value)
