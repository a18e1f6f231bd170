"""Email to a real SMTP server on 127.0.0.1: secured, logged in, taken, refused, put off."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from driftline.channels.email import EmailChannel, EmailSettings
from driftline.channels.email.message import html, message, text
from driftline.channels.email.picture import draw
from driftline.errors import Refused, TryAgain
from driftline.illustrations import Distribution, Trend
from driftline.notices import Notice
from driftline.profiles.grid import categorical_grid, numeric_grid
from driftline.profiles.summary import Summary, summarize
from driftline.records import MetricChange, PerformanceResult
from driftline.windows import Window

PASSWORD = "SECRETSECRET"
PNG = b"\x89PNG\r\n"


@dataclass
class Mailbox:
    """The server's side: what was taken, and who is refused with which words."""

    refused: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.taken.append(envelope)
        return "250 OK"

    def mail(self) -> EmailMessage:
        content = self.taken[-1].content
        assert isinstance(content, bytes)
        found = message_from_bytes(content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def mail_server(certificate: Path) -> Iterator[Callable[..., Mailbox]]:
    """Start a mail server: `security` as in the settings; AUTH where that is not none."""
    started: list[Controller] = []

    def start(security: str = "starttls", **refused: str) -> Mailbox:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        box = Mailbox({f"{who}@example.com": words for who, words in refused.items()})
        secured: dict[str, Any] = {
            "starttls": {"tls_context": context, "require_starttls": True, "auth_required": True},
            "tls": {"ssl_context": context, "auth_require_tls": False},
            "none": {},
        }[security]
        box.port = free_port()
        controller = Controller(
            box, "127.0.0.1", box.port, authenticator=authenticate, server_hostname="mx", **secured
        )
        controller.start()
        started.append(controller)
        return box

    yield start
    for controller in started:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def authenticate(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
    assert isinstance(given, LoginPassword)
    right = given.login == b"driftline" and given.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


def channel(box: Mailbox, certificate: Path | None, **keys: Any) -> EmailChannel:
    settings = {
        "host": "127.0.0.1",
        "port": box.port,
        "username": "driftline",
        "password": PASSWORD,
        "ca": str(certificate) if certificate else None,
        "from": "Driftline <alerts@example.com>",
        "to": ["Ann Ä <ann@example.com>", "bob@example.com", "eve@example.com"],
    }
    return EmailChannel(EmailSettings.model_validate(settings | keys))


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_notice_arrives_as_text_and_html(
    mail_server: Callable[..., Mailbox], certificate: Path, drop_and_drift: Notice, security: str
) -> None:
    box = mail_server(security)
    login = {} if security != "none" else {"username": None, "password": None}
    channel(box, certificate, security=security, **login).send(drop_and_drift)
    (envelope,) = box.taken
    assert envelope.rcpt_tos == ["ann@example.com", "bob@example.com", "eve@example.com"]
    assert envelope.mail_from == "alerts@example.com"
    mail = box.mail()
    assert mail["Subject"] == "late-arrival: Performance drop and data drift opened (high)"
    assert mail["Message-ID"] == f"<{drop_and_drift.id}.driftline@example.com>"
    assert mail["To"] == "Ann Ä <ann@example.com>, bob@example.com, eve@example.com"
    plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert page is not None
    for part in (plain.get_content(), page.get_content()):
        assert "Accuracy fell from 0.842 to 0.791" in part
        assert "https://driftline.example.com/incident?id=" in part
        assert "Retrain with data since the drop began" in part


def test_one_bad_recipient_does_not_lose_the_others_and_is_told(
    mail_server: Callable[..., Mailbox], certificate: Path, resolved: Notice
) -> None:
    box = mail_server(bob="550 no such user", eve="451 come back later")
    sender = channel(box, certificate)
    with pytest.raises(TryAgain, match=r"550 no such user.*; the others have it$") as told:
        sender.send(resolved)
    assert box.taken[-1].rcpt_tos == ["ann@example.com"]
    assert told.value.rest == ("bob@example.com", "eve@example.com")

    box.refused.pop("eve@example.com")
    with pytest.raises(Refused, match=r"bob@example\.com") as again:
        sender.send(replace(resolved, only_to=told.value.rest))
    assert box.taken[-1].rcpt_tos == ["eve@example.com"]
    assert again.value.rest == ("bob@example.com",)
    assert len(box.taken) == 2


def test_when_everybody_is_refused_nobody_has_it(
    mail_server: Callable[..., Mailbox], certificate: Path, resolved: Notice
) -> None:
    box = mail_server(ann="550 no", bob="550 no", eve="550 no")
    with pytest.raises(Refused) as told:
        channel(box, certificate).send(resolved)
    assert told.value.rest == ()
    assert "the others" not in str(told.value)


def test_what_is_wrong_with_the_connection_is_told_without_the_password(
    mail_server: Callable[..., Mailbox], certificate: Path, resolved: Notice
) -> None:
    box = mail_server()
    cases: list[tuple[EmailChannel, type[Exception], str]] = [
        (channel(box, certificate, password="SECRET wrong"), Refused, "535"),
        (channel(box, None), TryAgain, "not trusted .*see `ca`"),
        (channel(mail_server("none"), certificate), Refused, "offers no STARTTLS"),
        (channel(Mailbox(port=9), certificate), TryAgain, "could not be used: Connection refused"),
    ]
    for made, error, words in cases:
        with pytest.raises(error, match=words) as told:
            made.send(resolved)
        assert "SECRET" not in f"{told.value}{made!r}{vars(made)}"
    assert box.taken == []


def test_text_from_data_is_no_markup_and_no_header(nasty: Notice) -> None:
    made = message(nasty, "a@example.com", ["b@example.com"])
    sent = message_from_bytes(made.as_bytes(), policy=policy.default)
    assert sent["Bcc"] is None
    assert "\n" not in sent["Subject"]
    assert "<script>" not in html(nasty)
    assert "&lt;script&gt;" in html(nasty)
    assert not [line for line in text(nasty).splitlines() if line.startswith("Bcc")]


def test_a_message_stays_small_however_much_there_is_to_say(many: Notice) -> None:
    assert len(html(many)) < 250_000
    assert "254 more" in html(many)


def spans(name: str = "accuracy") -> tuple[PerformanceResult, ...]:
    made = []
    for day in range(40):
        end = datetime(2013, 4, 1, tzinfo=UTC) + timedelta(days=day)
        value = 0.84 - 0.05 * (day > 32)
        change = MetricChange(value, 0.84, 0.06, value - 0.01, value + 0.01, 0.0, 0.1, day > 33)
        span = Window(end - timedelta(days=7), end)
        before = Window(span.start - timedelta(days=30), span.start)
        made.append(
            PerformanceResult(
                span, before, 100, 90, "judged", {name: change}, name, day > 33, "high", end
            )
        )
    return tuple(made)


def two_sides(before: Any, after: Any) -> tuple[Summary, Summary]:
    reference, current = pa.chunked_array([pa.array(before)]), pa.chunked_array([pa.array(after)])
    if pa.types.is_string(reference.type):
        counts = {str(v["values"]): v["counts"] for v in reference.value_counts().to_pylist()}
        categories = categorical_grid(counts)
        return summarize(categories, reference), summarize(categories, current)
    grid = numeric_grid(np.sort(before))
    return summarize(grid, reference), summarize(grid, current)


def illustrations() -> dict[str, Distribution | Trend]:
    random = np.random.default_rng(5)
    numeric = two_sides(random.normal(38, 9, 4000), random.normal(74, 9, 700))
    words = ["UA", "$x_{1}$", "日本", "a very long name of a category", "<b>"]
    words = [*words, *(f"c{i}" for i in range(9))]
    share = np.geomspace(1, 0.05, len(words)) / np.geomspace(1, 0.05, len(words)).sum()
    categories = two_sides(
        random.choice(words, 4000, p=share).tolist(),
        random.choice([*words[1:], "new"], 700, p=share).tolist(),
    )
    empty = two_sides(random.normal(0, 1, 400), np.full(10, np.nan))
    heavy = two_sides(random.lognormal(4, 2, 4000), random.lognormal(6, 2, 700))
    return {
        "numeric": Distribution("temp $a$", *numeric, "6 – 12 May 2013"),
        "categories": Distribution("日本_carrier", *categories, "6 May 2013"),
        "empty": Distribution("gone", *empty, "6 May 2013"),
        "heavy": Distribution("amount", *heavy, "6 May 2013"),
        "trend": Trend(spans(), datetime(2013, 5, 6, tzinfo=UTC), "accuracy", 0.842),
        "unmeasured": Trend(
            tuple(replace(span, metrics={}) for span in spans()[:2]), spans()[0].span.end
        ),
    }


@pytest.mark.parametrize("name", list(illustrations()))
def test_everything_can_be_drawn(name: str) -> None:
    picture, words = draw(illustrations()[name])
    assert picture.startswith(PNG)
    assert 2_000 < len(picture) < 120_000
    assert words


def test_the_picture_stands_within_the_page(drop_and_drift: Notice) -> None:
    shown = replace(drop_and_drift, illustration=illustrations()["trend"])
    made = message(shown, "a@example.com", ["b@example.com"])
    (picture,) = [part for part in made.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"] == "<change>"
    assert picture.get_content_disposition() == "inline"
    assert picture.get_content().startswith(PNG)
    page = made.get_body(("html",))
    assert page is not None
    assert 'src="cid:change"' in page.get_content()
    assert "Accuracy over time; before the drop 0.842" in page.get_content()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"password": PASSWORD, "security": "none", "username": "a"}, "in the clear"),
        ({"password": PASSWORD}, "go together"),
        ({"to": []}, "at least 1"),
        ({"to": ["ann@example.com\r\nBcc: eve@example.com"]}, "must be an email address"),
        ({"from": "ann"}, "must be an email address"),
    ],
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, Any], words: str) -> None:
    settings = {"host": "mx", "from": "a@example.com", "to": ["b@example.com"]} | keys
    with pytest.raises(ValidationError, match=words) as told:
        EmailSettings.model_validate(settings)
    assert "SECRET" not in str(told.value)
