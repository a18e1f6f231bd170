"""The settings of who may open the dashboard."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, SecretStr, model_validator

from driftline.passwords import Hashed
from driftline.settings.fields import CONFIG, Duration, Text, WebUrl


def _hash(value: SecretStr) -> SecretStr:
    Hashed.read(value.get_secret_value())
    return value


PasswordHash = Annotated[SecretStr, AfterValidator(_hash)]
"""What `driftline password` prints."""


class Oidc(BaseModel):
    """People log in with an account they have elsewhere (OpenID Connect). Needs the extra `oidc`
    and, at the top, `url`; the provider must know `URL/oauth2callback` as where to send them back.
    """

    model_config = CONFIG

    server: WebUrl
    """The provider: its issuer, or the whole address of its metadata
    (`https://../.well-known/openid-configuration`)."""
    client_id: Text
    """What the provider calls Driftline."""
    client_secret: SecretStr
    """The secret that the provider gave for it."""
    act: tuple[Text, ...] = ()
    """Who may see and act: email addresses, `@example.com` for all of a domain, or roles."""
    read: tuple[Text, ...] = ()
    """Who may only see; likewise. Everybody else is refused."""
    roles: Text = "roles"
    """The claim in which the provider lists a person's roles; `groups` at some."""
    scope: Text = "openid email profile"
    """What the provider is asked to tell; some tell roles only when asked for more."""

    @property
    def metadata(self) -> str:
        """The address of the provider's metadata."""
        path = "/.well-known/openid-configuration"
        return self.server if path in self.server else self.server.rstrip("/") + path

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.act and not self.read:
            raise ValueError("nobody may log in: list people or roles under `act` or `read`")
        return self


class LoginSettings(BaseModel):
    """Who may open the dashboard. Without this section it needs no login, and is served only where
    nobody but this machine can reach it."""

    model_config = CONFIG

    password: PasswordHash | None = None
    """The hash (`driftline password` makes it) of the password of those who may see and act."""
    read_password: PasswordHash | None = None
    """The hash of the password of those who may see everything and change nothing."""
    oidc: Oidc | None = None
    """Log in with an account elsewhere."""
    lasts: Duration = timedelta(hours=12)
    """After how long people have to log in again."""
    secret: SecretStr | None = None
    """What sessions are signed with, at least 32 characters; services behind one address need the
    same. Default: a new one at each start, after which everybody logs in again."""

    @model_validator(mode="after")
    def _some_way(self) -> Self:
        if not (self.password or self.read_password or self.oidc):
            raise ValueError("give `password` (a hash that `driftline password` makes) or `oidc`")
        if self.secret is not None and len(self.secret.get_secret_value()) < 32:
            raise ValueError("`secret` needs at least 32 characters")
        return self
