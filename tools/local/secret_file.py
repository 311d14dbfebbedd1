"""Secrets of one installation: generated once, kept in one file that only its owner reads."""

import base64
import dataclasses
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


class SecretFileDamaged(Exception):
    """The secrets file cannot be read; restoring it from a backup is the only remedy."""


def _token() -> str:
    return secrets.token_urlsafe(24)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@dataclass(frozen=True, kw_only=True, repr=False)
class Secrets:
    """Everything that must not be in a repository, a log or a command line."""

    # PostgreSQL
    postgres_admin: str = field(default_factory=_token)
    postgres_api: str = field(default_factory=_token)
    # NATS
    nats_admin: str = field(default_factory=_token)
    nats_api: str = field(default_factory=_token)
    nats_discovery: str = field(default_factory=_token)
    nats_recorder: str = field(default_factory=_token)
    nats_streamer: str = field(default_factory=_token)
    # object store
    s3_root: str = field(default_factory=_token)
    s3_api: str = field(default_factory=_token)
    s3_recorder: str = field(default_factory=_token)
    # Everframe's own
    credential_keys: str = field(default_factory=_fernet_key)
    """Comma-separated Fernet keys, newest first (EVERFRAME_CREDENTIAL_KEYS)."""
    signing_key: str = field(default_factory=_token)
    """Signs media addresses."""
    session_key: str = field(default_factory=_token)
    """Signs the short tokens of browser sessions."""
    live_key: str = field(default_factory=_token)
    """Signs access to live video; shared by the api and the streamers."""

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """Read the file; make it, or what a newer version needs in addition, when missing."""
        known = _read(path)
        names = {item.name for item in dataclasses.fields(cls)}
        loaded = cls(**{name: value for name, value in known.items() if name in names})
        if not names <= known.keys():
            _write(path, {**known, **dataclasses.asdict(loaded)})
        return loaded


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise SecretFileDamaged(f"{path} is not valid JSON; restore it from a backup") from error
    if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
        raise SecretFileDamaged(f"{path} is not an object of strings; restore it from a backup")
    return content


def _write(path: Path, content: dict[str, str]) -> None:
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(content, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
