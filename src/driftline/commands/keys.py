"""What the commands about keys do; `driftline.cli.keys` reads the words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from driftline import terminal
from driftline.errors import DataError, nearest
from driftline.settings import Settings, load_settings
from driftline.stores.keys import SCOPES, Keys
from driftline.stores.schema import open_database
from driftline.windows import iso
from driftline.wording import moment, one_line

WELL = 0


def create(config: Path, scope: str, model: str | None, name: str) -> int:
    settings = load_settings(config)
    wanted = next((one for one in SCOPES if one == scope), None)
    if wanted is None:
        found = f'found "{scope}"{nearest(scope, SCOPES)}'
        raise DataError(f"--scope must be {', '.join(SCOPES[:-1])} or {SCOPES[-1]}; {found}")
    known = [one.name for one in settings.models]
    if model is not None and model not in known:
        raise DataError(f'no model is called "{model}"{nearest(model, known)}')
    with _keys(settings) as keys:
        key, secret = keys.create(wanted, model, one_line(name)[:200], datetime.now(UTC))
    print(secret)
    which = f"{key.scope} of {model or 'all models'}"
    told = f"key {key.id}: {which}; it is not shown again, keep it as a secret"
    terminal.err.print(told, markup=False, soft_wrap=True)
    return WELL


def listed(config: Path, as_json: bool) -> int:
    with _keys(load_settings(config)) as keys:
        found = keys.all()
    told = [
        {
            "id": key.id,
            "scope": key.scope,
            "model": key.model,
            "name": key.name,
            "created": iso(key.created),
            "revoked": iso(key.revoked) if key.revoked else None,
        }
        for key in found
    ]
    if as_json:
        print(json.dumps({"keys": told}))
        return WELL
    for key in found:
        over = f", revoked {moment(key.revoked)}" if key.revoked else ""
        made = f"made {moment(key.created)}{over}"
        line = f"{key.id}  {key.scope:<5}  {key.model or 'all models'}  {made}  {key.name}".rstrip()
        terminal.out.print(line, markup=False, soft_wrap=True)
    if not told:
        terminal.out.print("no key: requests need none", markup=False)
    return WELL


def revoke(config: Path, number: str) -> int:
    with _keys(load_settings(config)) as keys:
        if not keys.revoke(number, datetime.now(UTC)):
            known = [key.id for key in keys.all() if key.revoked is None]
            told = f'no key of use has the id "{one_line(number)[:80]}"{nearest(number, known)}'
            raise DataError(f"{told}; `driftline keys list` names them")
    terminal.err.print(f"key {number} is revoked", markup=False)
    return WELL


@contextmanager
def _keys(settings: Settings) -> Iterator[Keys]:
    engine = open_database(settings.store.get_secret_value())
    try:
        yield Keys(engine)
    finally:
        engine.dispose()
