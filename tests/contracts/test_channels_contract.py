"""What every kind of channel must keep to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr

from driftline.channels import ChannelKind, channel_kinds
from driftline.settings.channels import ChannelSettings
from driftline.settings.fields import CONFIG

SECRET = re.compile(r"password|secret|token|url|key|headers")
kinds = pytest.mark.parametrize("kind", channel_kinds().values(), ids=list(channel_kinds()))


def types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from types_in(inner)


@kinds
def test_what_may_be_secret_is_kept_secret(kind: ChannelKind) -> None:
    for name, field in kind.settings.model_fields.items():
        if SECRET.search(name):
            assert SecretStr in types_in(field.annotation), name


@kinds
def test_its_settings_are_frozen_and_hide_what_was_given_in_errors(kind: ChannelKind) -> None:
    assert issubclass(kind.settings, BaseModel)
    assert kind.settings.model_config.items() >= CONFIG.items()


@kinds
def test_its_keys_are_described_and_none_is_one_that_all_channels_have(kind: ChannelKind) -> None:
    fields = kind.settings.model_fields
    keys = {field.alias or name for name, field in fields.items()}
    assert not keys & {*ChannelSettings.model_fields, "kind"}
    assert [name for name, field in fields.items() if not field.description] == []
    assert kind.summary.endswith(".")
