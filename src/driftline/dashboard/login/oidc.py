"""OIDC: Streamlit's own login (`st.login`) asks the provider; we take over what it found out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from driftline.errors import ServiceError
from driftline.settings.models import Settings

CALLBACK = "/oauth2callback"
PROVIDER = "default"
ASKED_BY_STREAMLIT = ("/auth/login", CALLBACK)
"""Paths that the way to the provider and back takes."""


def secrets_for(settings: Settings, key: bytes) -> dict[str, Any] | None:
    """What `st.App` has to know for its login; None where the settings have no OIDC.

    ServiceError when Authlib is not installed.
    """
    oidc = settings.login.oidc if settings.login else None
    if oidc is None:
        return None
    if find_spec("authlib") is None:
        raise ServiceError("`login.oidc` needs Authlib: pip install 'driftline[oidc]'")
    return {
        "auth": {
            "redirect_uri": f"{settings.url}{CALLBACK}",
            "cookie_secret": key.hex(),
            "client_id": oidc.client_id,
            "client_secret": oidc.client_secret.get_secret_value(),
            "server_metadata_url": oidc.metadata,
            "client_kwargs": {"scope": oidc.scope},
        }
    }


def address_of_provider() -> str:
    """Where a browser is sent that is to log in; good for two minutes."""
    from streamlit.user_info import generate_login_redirect_url

    return generate_login_redirect_url(PROVIDER)


def told_by(cookies: Mapping[str, str]) -> Mapping[str, Any] | None:
    """What the provider said of who has just come back from it; None of others."""
    from streamlit.auth_util import get_cookie_with_chunks
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    def one(name: str) -> bytes | None:
        value = cookies.get(name)
        if value is None:
            return None
        return decode_signed_value(get_cookie_secret(), name, value.encode("latin-1"))

    found = get_cookie_with_chunks(one, USER_COOKIE_NAME)
    told = json.loads(found) if found else None
    return told if isinstance(told, dict) else None


def cookies_of_streamlit(cookies: Mapping[str, str]) -> list[str]:
    """The names of its cookies, which nobody needs once we have taken over."""
    return [name for name in cookies if name.startswith(("_streamlit_user", "_streamlit_session"))]
