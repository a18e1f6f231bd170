"""Each channel has a queue of its own; rows of one batch are one notice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("driftline_outbox") as outbox:
        outbox.add_column(sa.Column("batch", sa.Text(), nullable=False, server_default=""))
        outbox.add_column(sa.Column("settled", sa.BigInteger()))
    op.drop_index("ix_driftline_outbox_state_due", "driftline_outbox")
    for columns in (["channel", "state"], ["state"], ["event_id"]):
        op.create_index("_".join(["ix", "driftline_outbox", *columns]), "driftline_outbox", columns)
