"""Settings from the environment: one frozen class per service, read once and passed down.

Names are `EVERFRAME_<SERVICE>_<FIELD>`. A misspelt name is refused: a setting that silently does
nothing costs somebody their footage.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """The settings are wrong; the text names each variable and what is wrong with it."""


# on every base: a base without it would set pydantic's own defaults again
_CONFIG = SettingsConfigDict(
    frozen=True, extra="ignore", use_attribute_docstrings=True, env_ignore_empty=True
)


class ServiceSettings(BaseSettings):
    """What every service needs."""

    model_config = _CONFIG

    instance: str = Field(default="1", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Tells replicas of one service apart; stable over restarts of the same replica."""
    nats_url: str = "nats://127.0.0.1:4222"
    """Address of the bus."""
    nats_user: str | None = None
    """The user of this service on the bus; None where it asks for none."""
    nats_password: SecretStr | None = None
    """The password of that user."""
    health_host: str = "127.0.0.1"
    """Where /health/live, /health/ready and /metrics listen."""
    health_port: int = Field(default=0, ge=0, le=65535)
    """0: a free port, named in the log."""
    log_level: str = Field(default="info", pattern=r"^(debug|info|warning|error)$")
    """Least severe messages that are logged."""
    log_format: str = Field(default="auto", pattern=r"^(auto|json|console)$")
    """`auto`: readable in a terminal, JSON elsewhere."""
    shutdown_grace_seconds: float = Field(default=20.0, gt=0)
    """How long a clean stop may take."""


class StoreSettings(BaseSettings):
    """Where the object store is; mixed into the services that use it."""

    model_config = _CONFIG

    s3_endpoint: str = "127.0.0.1:9000"
    """host:port of the S3 server."""
    s3_secure: bool = False
    """Use https."""
    s3_access_key: str = ""
    """The user of this service in the object store."""
    s3_secret_key: SecretStr = SecretStr("")
    """The secret of that user."""
    s3_bucket: str = "everframe"
    """The bucket of all media."""
    s3_region: str = "us-east-1"
    """The region, as the server knows it."""


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load_settings(
    cls: type[SettingsT],
    *,
    service: type[BaseSettings] | None = None,
) -> SettingsT:
    """Read `cls` from the environment.

    A command that needs a part of its service's settings names the whole as `service`, so that
    it runs in the service's environment.

    Raises SettingsError with one line for each wrong, missing or unknown variable.
    """
    prefix = str(cls.model_config.get("env_prefix", "")).upper()
    known = {prefix + name.upper() for name in (service or cls).model_fields}
    unknown = sorted(
        name for name in os.environ if name.upper().startswith(prefix) and name.upper() not in known
    )
    problems = [f"{name}: no such setting" for name in unknown]
    try:
        settings = cls()
    except ValidationError as error:
        problems += [_describe(prefix, item) for item in error.errors(include_input=False)]
        raise SettingsError("\n".join(problems)) from None
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def load_settings_or_exit(
    cls: type[SettingsT], *, service: type[BaseSettings] | None = None
) -> SettingsT:
    """Read `cls` from the environment, or print what is wrong and exit with 2."""
    try:
        return load_settings(cls, service=service)
    except SettingsError as error:
        print(f"settings are wrong:\n{error}", file=sys.stderr)
        raise SystemExit(2) from None


def _describe(prefix: str, item: Mapping[str, Any]) -> str:
    name = ".".join(str(part) for part in item["loc"]) or "settings"
    return f"{prefix}{name.upper()}: {item['msg']}"
