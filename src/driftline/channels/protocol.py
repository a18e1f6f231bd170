"""What every channel can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from driftline.notices import Notice


class Channel(Protocol):
    """Sends notices somewhere."""

    def send(self, notice: Notice) -> None:
        """Send one notice; it waits seconds, not minutes.

        Raises TryAgain (or OSError) when it could not be sent and may be tried again, Refused when
        it never will be. Neither says anything secret: what went wrong is kept and shown.
        """


@dataclass(frozen=True)
class ChannelKind:
    """A kind of channel: what `kind: NAME` in the settings file stands for.

    Attributes:
        name: the word in the settings file.
        settings: the model of the keys that are this kind's own (host, webhook_url), made with
            `driftline.settings.fields.CONFIG`; secrets are `SecretStr`.
        make: a channel from such settings.
        summary: one line about it for the reference page.
        illustrated: whether notices are to bring what can be drawn (`Notice.illustration`).
    """

    name: str
    settings: type[BaseModel]
    make: Callable[[Any], Channel] = field(repr=False)
    summary: str = ""
    illustrated: bool = False
