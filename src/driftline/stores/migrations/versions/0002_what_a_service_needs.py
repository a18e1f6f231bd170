"""What a service needs: revisions, mutes, the schedule, keys, and the journal of the log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("driftline_models") as models:
        models.add_column(
            sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0")
        )
    _create_mutes_and_schedule()
    _create_keys()
    _create_journal()
    for table, columns in (
        ("driftline_mutes", ["ends"]),
        ("driftline_schedule", ["due"]),
        ("driftline_journal", ["model", "kind", "number"]),
        ("driftline_requests", ["received"]),
    ):
        op.create_index("_".join(["ix", table, *columns]), table, columns)


def _create_mutes_and_schedule() -> None:
    op.create_table(
        "driftline_mutes",
        *(_text("id"), _text("model", null=True), _whole("starts"), _whole("ends"), _body()),
        sa.PrimaryKeyConstraint("id", name="pk_driftline_mutes"),
    )
    op.create_table(
        "driftline_schedule",
        *(_text("model"), _whole("due"), _text("claimed_by", null=True)),
        _whole("claimed_until", null=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _whole("failing_since", null=True),
        _body(),
        sa.PrimaryKeyConstraint("model", name="pk_driftline_schedule"),
    )


def _create_keys() -> None:
    op.create_table(
        "driftline_keys",
        *(_text("id"), _text("hash"), _text("scope"), _text("model", null=True)),
        *(_whole("created"), _whole("revoked", null=True), _body()),
        sa.PrimaryKeyConstraint("id", name="pk_driftline_keys"),
    )


def _create_journal() -> None:
    op.create_table(
        "driftline_journal",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(_text("model"), _text("kind"), _whole("received"), _whole("rows")),
        *(_whole("move", null=True), _body()),
        sa.PrimaryKeyConstraint("number", name="pk_driftline_journal"),
    )
    op.create_table(
        "driftline_requests",
        *(_text("model"), _text("kind"), _text("key")),
        *(_whole("received"), _text("digest"), _whole("rows")),
        sa.PrimaryKeyConstraint("model", "kind", "key", name="pk_driftline_requests"),
    )
    op.create_table(
        "driftline_moves",
        *(_text("model"), _text("kind"), _text("app"), _whole("number"), _body()),
        *(_text("claimed_by", null=True), _whole("claimed_until", null=True)),
        sa.PrimaryKeyConstraint("model", "kind", name="pk_driftline_moves"),
    )


def _text(name: str, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null)


def _whole(name: str, null: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=null)


def _body() -> sa.Column[bytes]:
    return sa.Column("body", sa.LargeBinary(), nullable=False)
