"""Passwords as they are kept: salted scrypt hashes, one line of text each."""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Self

SALT, SIZE = 16, 32
"""Bytes of a salt and of a hash."""
SHORTEST = 8
"""Characters that a password has at least."""
MEMORY = 2**28
"""Bytes that checking a password may take at most."""


@dataclass(frozen=True)
class Hashed:
    """A hash with what it was made by: scrypt's cost `n` (a power of two), block size `r`,
    parallelism `p`."""

    salt: bytes
    value: bytes
    n: int = 2**15
    r: int = 8
    p: int = 1

    @classmethod
    def read(cls, text: str) -> Self:
        """The hash that `str` wrote. ValueError, which does not tell the text, where it is none."""
        try:
            kind, cost, salt, value = text.strip().split(":")
            n, r, p = (int(number) for number in cost.split("-"))
            read = cls(urlsafe_b64decode(salt), urlsafe_b64decode(value), n, r, p)
        except (ValueError, binascii.Error):
            raise ValueError(NO_HASH) from None
        powers = n > 1 and not n & (n - 1)
        sizes = len(read.value) == SIZE and len(read.salt) >= SALT
        if kind != "scrypt" or not powers or not sizes or not _is_payable(n, r, p):
            raise ValueError(NO_HASH)
        return read

    def __str__(self) -> str:
        salt, value = (urlsafe_b64encode(part).decode() for part in (self.salt, self.value))
        return f"scrypt:{self.n}-{self.r}-{self.p}:{salt}:{value}"

    def is_of(self, password: str) -> bool:
        """Whether it is the hash of `password`; takes about a tenth of a second."""
        found = _scrypt(password, self.salt, self.n, self.r, self.p)
        return hmac.compare_digest(found, self.value)


NO_HASH = "must be a hash that `driftline password` has printed, not the password itself"


def hashed(password: str, salt: bytes) -> Hashed:
    """The hash of a password.

    Raises ValueError where the password is too short.

    >>> found = hashed("correct horse", bytes(16))
    >>> str(found)[:40], Hashed.read(str(found)).is_of("correct horse"), found.is_of("wrong horse")
    ('scrypt:32768-8-1:AAAAAAAAAAAAAAAAAAAAAA=', True, False)
    """
    if len(password) < SHORTEST:
        raise ValueError(f"a password needs at least {SHORTEST} characters; found {len(password)}")
    made = Hashed(salt, b"")
    return Hashed(salt, _scrypt(password, salt, made.n, made.r, made.p))


def _is_payable(n: int, r: int, p: int) -> bool:
    return r >= 1 and 1 <= p <= 16 and 128 * n * r * p <= MEMORY


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    word = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(word, salt=salt, n=n, r=r, p=p, maxmem=2 * MEMORY, dklen=SIZE)
