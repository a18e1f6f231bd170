"""What references teach, in a SQL store."""

from __future__ import annotations

from sqlalchemy import Engine, delete, select

from driftline.stores import tables
from driftline.stores.engine import reading, writing
from driftline.stores.protocol import MOST_LEARNED
from driftline.stores.statements import is_of, put


class SqlLearned:
    """See `LearnedThings` for what each method does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, model: str, key: str) -> bytes | None:
        kept = tables.learned.c
        found = select(kept.body).where(is_of(tables.learned, model), kept.key == key)
        with reading(self._engine) as connection:
            return connection.execute(found).scalar()

    def put(self, model: str, key: str, body: bytes) -> None:
        kept, models = tables.learned.c, tables.models.c
        with writing(self._engine) as connection:
            begun = select(models.id).where(models.name == model).with_for_update()
            number = connection.execute(begun).scalar()
            if number is None:
                return
            mine = kept.model_id == number
            connection.execute(delete(tables.learned).where(mine, kept.key == key))
            put(connection, tables.learned, [{"model_id": number, "key": key, "body": body}])
            newest = select(kept.number).where(mine).order_by(kept.number.desc())
            oldest = connection.execute(newest.offset(MOST_LEARNED)).scalars().all()
            if oldest:
                connection.execute(delete(tables.learned).where(kept.number.in_(oldest)))
