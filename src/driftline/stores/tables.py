"""The tables of a SQL store. `migrations/` makes them; a test holds the two together.

Every name begins with `driftline_`, so that the store can live in a database that has other tables.
Moments are whole microseconds since 1970 in UTC: exact, small, and the same on every database.
"""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from driftline.versions import Versions, VersionSince
from driftline.windows import from_micros, to_micros

SCHEMA_VERSION = "0008"
VERSION_TABLE = "driftline_schema"


class Moment(TypeDecorator[datetime]):
    """An aware datetime; it comes back in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone; found {value.isoformat()}")
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class _Versions(TypeDecorator[Versions]):
    """Versions of a model, each with the moment of its first window, as JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Versions | None, dialect: Dialect) -> str:
        return json.dumps([[one.version, to_micros(one.since)] for one in value or ()])

    def process_result_value(self, value: str | None, dialect: Dialect) -> Versions:
        known = json.loads(value or "[]")
        return tuple(VersionSince(version, from_micros(since)) for version, since in known)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _required(name: str, kind: type) -> Column[object]:
    return Column(name, kind, nullable=False)


def _model_id() -> Column[int]:
    return Column("model_id", Integer, ForeignKey("driftline_models.id"), primary_key=True)


models = Table(
    "driftline_models",
    metadata,
    Column("id", Integer, primary_key=True),
    _required("name", Text),
    _required("reference_key", Text),
    _required("position", Moment),
    Column("labels_until", Moment),
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Column("versions", _Versions, nullable=False, server_default="[]"),
    UniqueConstraint("name"),
)


def _one_per_model(name: str) -> Table:
    return Table(name, metadata, _model_id(), _required("body", LargeBinary))


references = _one_per_model("driftline_references")
early_labels = _one_per_model("driftline_early_labels")


def _one_per_window(name: str, *columns: Column[object]) -> Table:
    return Table(
        name,
        metadata,
        _model_id(),
        Column("starts", Moment, primary_key=True),
        _required("ends", Moment),
        *columns,
        _required("body", LargeBinary),
    )


learned = Table(
    "driftline_learned",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("model_id", Integer, ForeignKey("driftline_models.id"), nullable=False),
    _required("key", Text),
    _required("body", LargeBinary),
    UniqueConstraint("model_id", "key"),
)

windows = _one_per_window(
    "driftline_windows",
    _required("rows", BigInteger),
    _required("status", Text),
    _required("judged_at", Moment),
)
profiles = _one_per_window("driftline_profiles")
predictions = _one_per_window("driftline_predictions")
outcomes = _one_per_window("driftline_outcomes")
outcome_days = _one_per_window("driftline_outcome_days")

performance = Table(
    "driftline_performance",
    metadata,
    _model_id(),
    Column("ends", Moment, primary_key=True),
    Column("judged_at", Moment, primary_key=True),
    _required("starts", Moment),
    _required("status", Text),
    _required("body", LargeBinary),
)

incidents = Table(
    "driftline_incidents",
    metadata,
    Column("id", Text, primary_key=True),
    _required("model", Text),
    _required("state", Text),
    _required("opened", Moment),
    Column("since", Moment, nullable=False, server_default="0"),
    Column("resolved", Moment),
    _required("body", LargeBinary),
    Index(None, "state", "model"),
    Index(None, "model", "opened"),
    Index(None, "model", "since"),
    Index(None, "model", "resolved"),
)

events = Table(
    "driftline_events",
    metadata,
    Column("number", Integer, primary_key=True),
    _required("id", Text),
    Column("incident_id", Text, ForeignKey("driftline_incidents.id"), nullable=False),
    _required("at", Moment),
    _required("body", LargeBinary),
    UniqueConstraint("id"),
    Index(None, "incident_id"),
)

outbox = Table(
    "driftline_outbox",
    metadata,
    Column("number", Integer, primary_key=True),
    _required("id", Text),
    Column("event_id", Text, ForeignKey("driftline_events.id"), nullable=False),
    _required("model", Text),
    _required("channel", Text),
    _required("state", Text),
    _required("due", Moment),
    _required("attempts", Integer),
    Column("claimed_at", Moment),
    Column("batch", Text, nullable=False, server_default=""),
    Column("settled", Moment),
    _required("body", LargeBinary),
    UniqueConstraint("id"),
    Index(None, "channel", "state"),
    Index(None, "state"),
    Index(None, "event_id"),
)

mutes = Table(
    "driftline_mutes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("model", Text),
    _required("starts", Moment),
    _required("ends", Moment),
    _required("body", LargeBinary),
    Index(None, "ends"),
)

acceptances = Table(
    "driftline_acceptances",
    metadata,
    Column("id", Text, primary_key=True),
    _required("model", Text),
    _required("since", Moment),
    _required("at", Moment),
    _required("body", LargeBinary),
    Index(None, "model"),
)

schedule = Table(
    "driftline_schedule",
    metadata,
    Column("model", Text, primary_key=True),
    _required("due", Moment),
    Column("claimed_by", Text),
    Column("claimed_until", Moment),
    _required("failures", Integer),
    Column("failing_since", Moment),
    _required("body", LargeBinary),
    Index(None, "due"),
)

keys = Table(
    "driftline_keys",
    metadata,
    Column("id", Text, primary_key=True),
    _required("hash", Text),
    _required("scope", Text),
    Column("model", Text),
    _required("created", Moment),
    Column("revoked", Moment),
    _required("body", LargeBinary),
)

journal = Table(
    "driftline_journal",
    metadata,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    _required("model", Text),
    _required("kind", Text),
    _required("received", Moment),
    _required("rows", BigInteger),
    Column("move", BigInteger),
    _required("body", LargeBinary),
    Index(None, "model", "kind", "number"),
)

requests = Table(
    "driftline_requests",
    metadata,
    Column("model", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    _required("received", Moment),
    _required("digest", Text),
    _required("rows", BigInteger),
    Index(None, "received"),
)

moves = Table(
    "driftline_moves",
    metadata,
    Column("model", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    _required("app", Text),
    _required("number", BigInteger),
    _required("body", LargeBinary),
    Column("claimed_by", Text),
    Column("claimed_until", Moment),
)
