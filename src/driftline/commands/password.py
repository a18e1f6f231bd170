"""What `driftline password` does."""

from __future__ import annotations

import getpass
import secrets
import sys

from driftline import terminal
from driftline.errors import DataError
from driftline.passwords import SALT, hashed

WELL = 0


def password() -> int:
    """Print the hash of a password that is typed twice, or that comes as a line of stdin."""
    typed = sys.stdin.isatty()
    given = getpass.getpass("Password: ") if typed else sys.stdin.readline().rstrip("\r\n")
    if typed and getpass.getpass("Again: ") != given:
        raise DataError("the two were not the same; nothing was made")
    try:
        found = hashed(given, secrets.token_bytes(SALT))
    except ValueError as error:
        raise DataError(str(error)) from None
    print(found)
    told = "this goes into the settings under login, as password or read_password"
    terminal.err.print(told, markup=False, soft_wrap=True)
    return WELL
