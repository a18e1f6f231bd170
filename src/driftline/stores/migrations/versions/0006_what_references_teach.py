"""What references teach, so that not every process learns it anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NAME = "driftline_learned"


def upgrade() -> None:
    op.create_table(
        _NAME,
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["driftline_models.id"], name=f"fk_{_NAME}_model_id_driftline_models"
        ),
        sa.PrimaryKeyConstraint("number", name=f"pk_{_NAME}"),
        sa.UniqueConstraint("model_id", "key", name=f"uq_{_NAME}_model_id_key"),
    )
