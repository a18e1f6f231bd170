"""Where the log of one model and kind is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from pydantic import SecretStr

from driftline.wording import one_line

Kind = Literal["predictions", "labels"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST = 100


@dataclass(frozen=True)
class Place:
    """The log of one model and kind: its Delta table, and the store that holds its journal.

    Attributes:
        root: the folder or s3:// address of the whole log.
        store: the URL of the store.
        storage: options of the object storage.
    """

    model: str
    kind: Kind
    root: str
    store: SecretStr
    storage: Mapping[str, SecretStr] = field(default_factory=dict, repr=False, compare=False)

    @property
    def table(self) -> str:
        """The folder or address of the Delta table."""
        return f"{self.root.rstrip('/')}/{folder_name(self.model)}/{self.kind}"

    @property
    def folder(self) -> Path | None:
        """The folder of the table; None in object storage."""
        return None if "://" in self.table else Path(self.table).absolute()

    @property
    def uri(self) -> str:
        """The table as Delta Lake is given it."""
        return self.table if self.folder is None else self.folder.as_uri()

    @property
    def options(self) -> dict[str, str]:
        """Options of the object storage in the clear."""
        return {name: value.get_secret_value() for name, value in self.storage.items()}

    def __str__(self) -> str:
        return f"log of {self.kind} of {self.model}"


def cause_of(error: Exception) -> str:
    """What a storage says is wrong, in one line: how its error begins, and the innermost cause.

    >>> cause_of(OSError("Generic S3 error\\n ↳ 3 ms\\n  ↳ <Code>NoSuchBucket</Code> ..."))
    'Generic S3 error: NoSuchBucket'
    """
    first, *lines = str(error).splitlines() or [type(error).__name__]
    causes = [line.partition("↳")[2] for line in lines if "↳" in line]
    code = re.search(r"<Code>(\w+)</Code>", str(error))
    inner = code[1] if code else re.sub(r"\x1b\[\d*m", "", causes[-1]) if causes else ""
    return one_line(f"{first}: {inner}" if inner else first)


def folder_name(model: str) -> str:
    """The model's name as the name of a folder that every reader of tables understands.

    >>> folder_name("late-arrival"), folder_name("späti 2")
    ('late-arrival', 'sp~c3~a4ti~202')
    """
    quoted = "".join(_quoted(byte) for byte in model.encode())
    if quoted.startswith("."):
        quoted = "~2e" + quoted[1:]
    if len(quoted) <= LONGEST:
        return quoted
    return f"{quoted[:LONGEST]}~{hashlib.sha256(model.encode()).hexdigest()[:16]}"


def _quoted(byte: int) -> str:
    character = chr(byte)
    return character if re.fullmatch(r"[A-Za-z0-9_.-]", character) else f"~{byte:02x}"
