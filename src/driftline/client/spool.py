"""The spool: batches as files, so that they outlive the process until the server has them.

    FOLDER/MODEL-HASH/            one for each server and model
    ├── part-ID/                  one for each process that has something to send
    │   ├── lock                  held by the process that sends this part
    │   └── TIME-KIND-ROWS-KEY.arrow
    └── rejected/                 what the server refused, and why

The lock is the kernel's (flock): it ends with its process, however that ends, and then another
process that logs to the same server and model takes the part over. Files get their names by
renaming, so that none is ever half there. Nothing is forced to the disk: the spool survives its
process, not a power cut.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from driftline.client.values import Ticket, new_id, ticket_of


def folder_of(base: str | os.PathLike[str], url: str, model: str) -> Path:
    """Where the batches for one model of one server wait."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", model)[:40]
    told = hashlib.sha256(f"{url}\n{model}".encode()).hexdigest()[:12]
    return Path(base).expanduser() / f"{name}-{told}"


class Spool:
    """The part of this process, made with its first batch, and the parts it has taken over."""

    def __init__(self, folder: Path, most_rejected_bytes: int) -> None:
        self._folder = folder
        self._most_rejected_bytes = most_rejected_bytes
        self._own: Path | None = None
        self._locks: dict[Path, int] = {}

    def write(self, ticket: Ticket, body: bytes) -> Path:
        """Keep a batch; OSError when the disk does not take it."""
        if self._own is None:
            self._own = self._new_part()
        path = self._own / ticket.name
        _write(path, body)
        return path

    def take_over(self) -> list[tuple[Ticket, Path, int]]:
        """Take the parts of processes that are no more; their batches with their bytes."""
        for part in [*self._locks]:
            if part != self._own:
                self._leave_empty(part)
        found = []
        for part in sorted(self._folder.glob("part-*")):
            if part not in self._locks and self._lock(part):
                for path in part.iterdir():
                    ticket = ticket_of(path.name)
                    with contextlib.suppress(FileNotFoundError):  # somebody tidies up
                        if ticket is not None:
                            found.append((ticket, path, path.stat().st_size))
                        elif path.suffix == ".new":
                            path.unlink()
        return sorted(found)

    def reject(self, ticket: Ticket, body: bytes, reason: dict[str, Any]) -> Path:
        """Keep a refused batch for people to look at; the oldest ones go when there are many."""
        folder = self._folder / "rejected"
        _make(folder)
        path = folder / ticket.name
        _write(path, body)
        _write(path.with_suffix(".json"), json.dumps(reason, indent=2).encode())
        kept = sorted(folder.glob("*.arrow"))
        sizes = {each: each.stat().st_size for each in kept}
        for each in kept[:-1]:
            if sum(sizes.values()) <= self._most_rejected_bytes:
                break
            sizes.pop(each)
            each.unlink(missing_ok=True)
            each.with_suffix(".json").unlink(missing_ok=True)
        return path

    def close(self) -> None:
        """Leave all parts: the empty ones are removed, the others free for the next process."""
        for part in [*self._locks]:
            self._leave_empty(part)
        self.forget()

    def forget(self) -> None:
        """Close the locks. In a forked child that frees no part: its parent holds them too."""
        self._own = None
        while self._locks:
            os.close(self._locks.popitem()[1])

    def _new_part(self) -> Path:
        name = new_id()
        made, part = self._folder / f"new-{name}", self._folder / f"part-{name}"
        _make(made)
        lock = os.open(made / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made.rename(part)  # only now do others see it
        self._locks[part] = lock
        return part

    def _leave_empty(self, part: Path) -> None:
        with contextlib.suppress(OSError):
            if not any(ticket_of(path.name) for path in part.iterdir()):
                (part / "lock").unlink()
                part.rmdir()
                os.close(self._locks.pop(part))

    def _lock(self, part: Path) -> bool:
        try:
            lock = os.open(part / "lock", os.O_RDWR)
        except FileNotFoundError:  # another process is just removing it
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._locks[part] = lock
        return True


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _write(path: Path, data: bytes) -> None:
    new = path.with_suffix(path.suffix + ".new")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        new.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
