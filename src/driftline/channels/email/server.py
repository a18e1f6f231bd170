"""One message to a mail server, and what becomes of it."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Literal

from driftline.channels.looks import cut
from driftline.errors import Refused, TryAgain
from driftline.wording import one_line

TIMEOUT = 20.0
"""Seconds to wait for each answer."""


@dataclass(frozen=True)
class Server:
    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    login: tuple[str, str] | None = field(default=None, repr=False)
    ca: str | None = None

    def __str__(self) -> str:
        return f"the mail server {self.host}:{self.port}"


def deliver(server: Server, message: EmailMessage, sender: str, to: Sequence[str]) -> None:
    """Send to everybody in `to`. TryAgain or Refused name those who were refused, if not all."""
    try:
        connection = _connected(server)
        try:
            refused = connection.send_message(message, sender, list(to))
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        finally:
            with contextlib.suppress(OSError):  # the mail is on its way, or refused, by now
                connection.quit()
            connection.close()
    except smtplib.SMTPResponseException as error:
        told = f"{server} answered {_said(error.smtp_code, error.smtp_error)}"
        raise (Refused if error.smtp_code >= 500 else TryAgain)(told) from None
    except smtplib.SMTPNotSupportedError:
        told = "no STARTTLS: set `security` to tls or none" if server.security == "starttls" else ""
        raise Refused(f"{server} offers {told or 'no login: leave out `username`'}") from None
    except TimeoutError:
        raise TryAgain(f"{server} did not answer within {TIMEOUT:g} seconds") from None
    except OSError as error:
        raise TryAgain(f"{server} could not be used: {_reason(error)}") from None
    if refused:
        _tell(server, refused, to)


def _connected(server: Server) -> smtplib.SMTP:
    """A connection, secured and logged in as the settings ask."""
    name = socket.gethostname()
    context = None if server.security == "none" else ssl.create_default_context(cafile=server.ca)
    connection: smtplib.SMTP
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(
            server.host, server.port, name, timeout=TIMEOUT, context=context
        )
    else:
        connection = smtplib.SMTP(server.host, server.port, name, TIMEOUT)
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.login is not None:
            connection.login(*server.login)
    except BaseException:
        connection.close()
        raise
    return connection


def _tell(server: Server, refused: Mapping[str, tuple[int, bytes]], to: Sequence[str]) -> None:
    who = "; ".join(f"{name} ({_said(*answer)})" for name, answer in refused.items())
    rest = tuple(refused) if len(refused) < len(to) else ()
    told = f"{server} refused {who}{'; the others have it' if rest else ''}"
    if any(code < 500 for code, _ in refused.values()):
        raise TryAgain(told, rest=rest)
    raise Refused(told, rest)


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return cut(f"{code} {one_line(text)}".rstrip(), 160)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message}); see `ca`"
    return error.strerror or one_line(str(error)) or type(error).__name__
