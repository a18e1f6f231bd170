from __future__ import annotations

import pytest

from driftline.channels import channel_kinds
from driftline.channels.stderr import StderrSettings
from driftline.notices import Notice


class Told(Notice):
    def __str__(self) -> str:
        return "late: data drift"


def test_a_notice_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    channel_kinds()["stderr"].make(StderrSettings()).send(Told("late", ()))
    assert capsys.readouterr() == ("", "late: data drift\n")
