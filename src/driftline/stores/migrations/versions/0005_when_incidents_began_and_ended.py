"""When incidents began and ended, as columns: a run reads only those it can still touch."""

from __future__ import annotations

import json
import zlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NAME = "driftline_incidents"


def upgrade() -> None:
    with op.batch_alter_table(_NAME) as incidents:
        incidents.add_column(
            sa.Column("since", sa.BigInteger(), nullable=False, server_default="0")
        )
        incidents.add_column(sa.Column("resolved", sa.BigInteger()))
    _fill()
    for column in ("since", "resolved"):
        op.create_index(f"ix_{_NAME}_model_{column}", _NAME, ["model", column])


def _fill() -> None:
    """What the bodies say; of one that is damaged, when it was opened."""
    names = ("id", "state", "opened", "since", "resolved", "body")
    table = sa.table(_NAME, *map(sa.column, names))
    connection = op.get_bind()
    found = connection.execute(sa.select(table.c.id, table.c.state, table.c.opened)).all()
    for number, state, opened in found:
        mine = table.c.id == number
        body = connection.execute(sa.select(table.c.body).where(mine)).scalar_one()
        try:
            document = json.loads(zlib.decompress(body))
        except (zlib.error, ValueError):
            document = {}
        ended = document.get("resolved") or opened
        values = {
            "since": document.get("since", opened),
            "resolved": ended if state == "resolved" else None,
        }
        connection.execute(sa.update(table).where(mine).values(values))
