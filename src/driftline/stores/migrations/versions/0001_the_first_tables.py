"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "driftline_models",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("name"),
        _text("reference_key"),
        _whole("position"),
        sa.Column("labels_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_driftline_models"),
        sa.UniqueConstraint("name", name="uq_driftline_models_name"),
    )
    for name in ("driftline_references", "driftline_early_labels"):
        _create_table_of_models(name, ("model_id",), _body())
    for name in ("driftline_profiles", "driftline_predictions", "driftline_outcomes"):
        _create_table_of_models(
            name, ("model_id", "starts"), _whole("starts"), _whole("ends"), _body()
        )
    _create_table_of_models(
        "driftline_windows",
        ("model_id", "starts"),
        *(_whole("starts"), _whole("ends"), _whole("rows")),
        *(_text("status"), _whole("judged_at"), _body()),
    )
    _create_table_of_models(
        "driftline_performance",
        ("model_id", "ends", "judged_at"),
        *(_whole("ends"), _whole("judged_at"), _whole("starts")),
        *(_text("status"), _body()),
    )
    _create_incidents_and_outbox()


def _create_incidents_and_outbox() -> None:
    op.create_table(
        "driftline_incidents",
        *(_text("id"), _text("model"), _text("state"), _whole("opened"), _body()),
        sa.PrimaryKeyConstraint("id", name="pk_driftline_incidents"),
    )
    op.create_table(
        "driftline_events",
        sa.Column("number", sa.Integer(), nullable=False),
        *(_text("id"), _text("incident_id"), _whole("at"), _body()),
        sa.PrimaryKeyConstraint("number", name="pk_driftline_events"),
        sa.UniqueConstraint("id", name="uq_driftline_events_id"),
        _belongs("driftline_events", "incident_id", "driftline_incidents.id"),
    )
    op.create_table(
        "driftline_outbox",
        sa.Column("number", sa.Integer(), nullable=False),
        *(_text("id"), _text("event_id"), _text("model"), _text("channel"), _text("state")),
        _whole("due"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.BigInteger()),
        _body(),
        sa.PrimaryKeyConstraint("number", name="pk_driftline_outbox"),
        sa.UniqueConstraint("id", name="uq_driftline_outbox_id"),
        _belongs("driftline_outbox", "event_id", "driftline_events.id"),
    )
    for table, columns in (
        ("driftline_incidents", ["state", "model"]),
        ("driftline_incidents", ["model", "opened"]),
        ("driftline_events", ["incident_id"]),
        ("driftline_outbox", ["state", "due"]),
    ):
        op.create_index("_".join(["ix", table, *columns]), table, columns)


def _create_table_of_models(
    name: str, key: tuple[str, ...], *columns: sa.Column[int] | sa.Column[str] | sa.Column[bytes]
) -> None:
    op.create_table(
        name,
        sa.Column("model_id", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        _belongs(name, "model_id", "driftline_models.id"),
    )


def _belongs(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _body() -> sa.Column[bytes]:
    return sa.Column("body", sa.LargeBinary(), nullable=False)
