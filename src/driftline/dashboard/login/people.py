"""People: what somebody may do whom an OIDC provider has told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from driftline.dashboard.login.sessions import Visitor
from driftline.settings.login import Oidc


def visitor_told(oidc: Oidc, told: Mapping[str, Any]) -> Visitor | None:
    """Who it is by the claims that the provider told; None where the settings list nobody such.

    An address that the provider says is not verified does not count; its roles do.
    """
    email = str(told.get("email") or "").casefold()
    if told.get("email_verified") in (False, "false"):
        email = ""
    roles = told.get(oidc.roles)
    found = {roles} if isinstance(roles, str) else set(_texts(roles))
    name = email or str(told.get("name") or told.get("preferred_username") or told.get("sub"))
    if _is_listed(email, found, oidc.act):
        return Visitor(name, may_act=True)
    return Visitor(name, may_act=False) if _is_listed(email, found, oidc.read) else None


def _texts(values: object) -> Iterable[str]:
    return (v for v in values if isinstance(v, str)) if isinstance(values, list | tuple) else ()


def _is_listed(email: str, roles: set[str], listed: Iterable[str]) -> bool:
    for one in listed:
        if "@" not in one:
            if one in roles:
                return True
        elif one.startswith("@"):
            if email.count("@") == 1 and email.endswith(one.casefold()):
                return True
        elif email == one.casefold():
            return True
    return False
