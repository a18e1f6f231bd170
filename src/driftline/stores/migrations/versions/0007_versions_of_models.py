"""Which version of a model was watched from when on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "driftline_models",
        sa.Column("versions", sa.Text(), nullable=False, server_default="[]"),
    )
