"""The service's log: lines on stderr, in UTC, as text or JSON, without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from pydantic import BaseModel, SecretStr

from driftline.channels import Channel
from driftline.channels.stderr import StderrChannel
from driftline.notices import Notice

_notices = logging.getLogger("driftline.notices")

FACTS = ("model", "severity", "seconds", "failures", "error", "notice")
"""What a line may tell beside its message: `log.info(message, extra={"model": name})`."""

SHORTEST = 4
"""Secrets that are shorter are not looked for: they would blot out half of the log."""


def set_up_logs(form: str, level: str, settings: BaseModel) -> None:
    """Have everything that is logged from `level` on written to stderr, as "text" or "json"; what
    is secret in `settings` as ***."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(form, sorted(secrets_in(settings), key=len, reverse=True)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("driftline").setLevel(level.upper())
    logging.captureWarnings(True)


class Lines(logging.Formatter):
    """One line for each record."""

    def __init__(self, form: str, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self.form = form
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        at = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
        level, message = record.levelname.lower(), self._told(record.getMessage())
        facts = {
            name: value if isinstance(value, int | float) else self._told(str(value))
            for name in FACTS
            if (value := getattr(record, name, None)) is not None
        }
        trace = self._told(self.formatException(record.exc_info)) if record.exc_info else ""
        if self.form == "json":
            told = {"time": at, "level": level, "message": message, **facts}
            return json.dumps(told | ({"traceback": trace} if trace else {}), ensure_ascii=False)
        about = f"{facts.pop('model')}: " if "model" in facts else ""
        more = " ".join(f"{name}={value}" for name, value in facts.items())
        line = f"{at} {level:<7} {about}{message}" + (f" ({more})" if more else "")
        return line.replace("\n", " ") + (f"\n{trace}" if trace else "")

    def _told(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


class LoggedNotices:
    """A channel that makes each notice one line of the log: where lines are JSON, all should be."""

    def send(self, notice: Notice) -> None:
        about = {"model": notice.model, "severity": notice.severity, "notice": str(notice)}
        _notices.warning("%s", notice.title, extra=about)


def in_the_log(channel: Channel) -> Channel:
    """The channel as it is, or one that fits into the log where that is JSON and both are written
    to stderr."""
    formats = [handler.formatter for handler in logging.getLogger().handlers]
    json_lines = any(isinstance(one, Lines) and one.form == "json" for one in formats)
    return LoggedNotices() if json_lines and isinstance(channel, StderrChannel) else channel


def secrets_in(value: object) -> set[str]:
    """Every secret in settings as text; of the address of a database its password."""
    found = set(_secrets(value))
    passwords = {part[1] for text in found if (part := re.search(r"://[^:/@]*:(.*)@", text))}
    found = {text for text in found if not text.startswith("sqlite:")} | passwords
    return {text for text in found if len(text) >= SHORTEST}


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))
    elif isinstance(value, dict):
        for one in value.values():
            yield from _secrets(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _secrets(one)
