"""The outcomes of whole days, beside those of their windows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "driftline_outcome_days",
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["driftline_models.id"],
            name="fk_driftline_outcome_days_model_id_driftline_models",
        ),
        sa.PrimaryKeyConstraint("model_id", "starts", name="pk_driftline_outcome_days"),
    )
