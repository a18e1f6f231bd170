"""Keys of the HTTP API: what they allow, and hashes by which they are known again."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Engine, select, update

from driftline.stores import tables
from driftline.stores.engine import reading, writing
from driftline.stores.packing import pack, unpack

Scope = Literal["write", "read", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "driftline"


@dataclass(frozen=True)
class Key:
    """A key as it is kept: not the secret, only its hash.

    Attributes:
        scope: write (send predictions and labels), read (results), admin (both, and acting on
            incidents).
        model: the one model that it is for; None: all.
        name: what it is for, in words.
    """

    id: str
    hash: str = field(repr=False)
    scope: Scope
    model: str | None
    name: str
    created: datetime
    revoked: datetime | None = None

    def allows(self, scope: Scope, model: str | None) -> bool:
        """Whether it may be used for `scope` on `model` (None: on no model in particular)."""
        return self.scope in ("admin", scope) and self.model in (None, model)


class Keys:
    """The keys in the database of `engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, scope: Scope, model: str | None, name: str, now: datetime) -> tuple[Key, str]:
        """A new key, and the secret word to use it by, which is not kept."""
        number, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        key = Key(number, hash_of(secret), scope, model, name, now)
        row = {"id": key.id, "hash": key.hash, "scope": scope, "model": model, "created": now}
        with writing(self._engine) as connection:
            connection.execute(tables.keys.insert(), [{**row, "body": pack({"name": name})}])
        return key, f"{PREFIX}_{number}_{secret}"

    def all(self) -> list[Key]:
        """Every key ever made, in order."""
        found = select(tables.keys).order_by(tables.keys.c.created, tables.keys.c.id)
        with reading(self._engine) as connection:
            rows = [dict(row) for row in connection.execute(found).mappings()]
        return [Key(**unpack(row.pop("body")), **row) for row in rows]

    def revoke(self, number: str, now: datetime) -> bool:
        """Make a key useless; False when there is none of that id that still was of use."""
        kept = tables.keys.c
        found = update(tables.keys).where(kept.id == number, kept.revoked.is_(None))
        with writing(self._engine) as connection:
            return connection.execute(found.values(revoked=now)).rowcount == 1


def hash_of(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits: no salt, no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def key_of(word: str, known: Mapping[str, Key]) -> Key | None:
    """The key that `word` is the secret word of, among `known` by id; None if of none of use."""
    prefix, _, rest = word.partition("_")
    number, _, secret = rest.partition("_")
    key = known.get(number)
    right = hmac.compare_digest(hash_of(secret), key.hash if key else hash_of(""))
    return key if key and right and prefix == PREFIX and key.revoked is None else None
