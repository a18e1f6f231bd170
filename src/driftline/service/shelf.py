"""Shelf: where a store keeps what one model's reference teaches."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from driftline.errors import CodecError
from driftline.profiles.codec import pack, unpack
from driftline.profiles.profile import Grids
from driftline.reference import Reference
from driftline.service.learned_codec import decode_learned, encode_learned, rule
from driftline.stores import Store

REFERENCE = "the reference and its windows"


@dataclass(frozen=True)
class Shelf:
    """What is found here is what would be learned now: it is asked for by all that it depends on,
    of the reference, the settings and the code that learns. What is damaged is not there.

    Attributes:
        of: a digest of the reference and of the settings that count.
    """

    store: Store
    model: str
    of: bytes

    def find(self, what: str, grids: Grids) -> Any | None:
        """What was learned of `what`, on these grids."""
        blob = self.store.learned.find(self.model, self._key(what))
        try:
            return None if blob is None else decode_learned(blob, grids)
        except CodecError:
            return None

    def put(self, what: str, value: object) -> None:
        self.store.learned.put(self.model, self._key(what), encode_learned(value))

    def find_reference(self) -> tuple[Reference, Any] | None:
        """The reference without its windows, and what these taught."""
        blob = self.store.learned.find(self.model, self._key(REFERENCE))
        try:
            if blob is None:
                return None
            kept, taught = unpack(blob)
            reference = Reference.from_bytes(kept)
            return reference, decode_learned(taught, reference.grids)
        except (CodecError, ValueError):
            return None

    def put_reference(self, reference: Reference, taught: object) -> None:
        """Keep a reference without its windows, and what these taught."""
        blob = pack([reference.to_bytes(), encode_learned(taught)])
        self.store.learned.put(self.model, self._key(REFERENCE), blob)

    def _key(self, what: str) -> str:
        return blake2b(self.of + rule() + what.encode(), digest_size=16).hexdigest()
