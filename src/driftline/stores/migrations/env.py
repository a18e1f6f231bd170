"""Alembic runs this to apply our migrations on the connection that `schema.alembic_config` carries.

A new migration, after a change of `tables.py`:

    from alembic import command
    with writing(make_engine("sqlite:///old.db")) as connection:   # a store of the last version
        config = alembic_config(connection)
        command.revision(config, "What it does", autogenerate=True, rev_id="0002")

Then read what it wrote, and raise `tables.SCHEMA_VERSION`. A migration never imports `tables`: it
says what was true when it was written.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from driftline.stores.tables import VERSION_TABLE, Moment, metadata


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return kind != "table" or name in metadata.tables


def _plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Moment) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
    transactional_ddl=True,
    include_name=_is_ours,
    render_item=_plain_type,
)
with context.begin_transaction():
    context.run_migrations()
