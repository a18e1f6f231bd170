"""Notices by email: text and HTML, with a picture of what has changed."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, SecretStr, model_validator

from driftline.channels.email.message import message
from driftline.channels.email.server import Server, deliver
from driftline.channels.protocol import ChannelKind
from driftline.notices import Notice
from driftline.settings.fields import CONFIG, LocalPath, Text

PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _address(text: str) -> str:
    _, address = parseaddr(text)
    if not text.isprintable() or not re.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.:\[\]-]+", address):
        raise ValueError(
            "must be an email address such as ann@example.com or Ann <ann@example.com>"
            f'; found "{text}"'
        )
    return text


Address = Annotated[str, AfterValidator(_address)]


class EmailSettings(BaseModel):
    """A mail server and who gets mail from it."""

    model_config = CONFIG

    host: Text
    """The mail server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is kept secret; `none` is for a server on this machine or network."""
    port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        json_schema_extra={"default": "587, with `tls` 465, `none` 25"},
    )
    """The server's port."""
    username: Text | None = None
    """Whom to log in as; without it nobody logs in."""
    password: SecretStr | None = None
    """The password of `username`."""
    ca: LocalPath | None = None
    """A file of certificates to trust instead of the system's, for a server of your own."""
    sender: Address = Field(alias="from")
    """Whom the mail is from."""
    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    """Who gets it. One that the server refuses does not keep it from the others."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` go together: give both or neither")
        if self.password is not None and self.security == "none":
            raise ValueError("a password would go in the clear: `security` must be starttls or tls")
        return self


class EmailChannel:
    """Sends each notice as one message to all recipients."""

    def __init__(self, settings: EmailSettings):
        self._settings = settings
        self._server = Server(
            host=settings.host,
            port=settings.port or PORTS[settings.security],
            security=settings.security,
            login=(settings.username, settings.password.get_secret_value())
            if settings.username and settings.password
            else None,
            ca=settings.ca,
        )

    def send(self, notice: Notice) -> None:
        addresses = [parseaddr(text)[1] for text in self._settings.to]
        chosen = [one for one in addresses if not notice.only_to or one in notice.only_to]
        if chosen:
            made = message(notice, self._settings.sender, self._settings.to)
            deliver(self._server, made, parseaddr(self._settings.sender)[1], chosen)


email = ChannelKind(
    "email", EmailSettings, EmailChannel, "Text and HTML, with a picture.", illustrated=True
)
