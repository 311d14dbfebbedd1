"""Camera credentials at rest: Fernet tokens, with keys that can be rotated.

`EVERFRAME_CREDENTIAL_KEYS` holds the keys, newest first, separated by commas. New tokens are made
with the first; old ones open with any.
"""

import json
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class CredentialsUnreadable(Exception):
    """The stored camera credentials cannot be opened with the configured keys."""


@dataclass(frozen=True, slots=True)
class CameraCredentials:
    """A camera's login."""

    username: str
    password: str = field(repr=False)


class CredentialBox:
    """Seals and opens camera credentials."""

    def __init__(self, keys: str) -> None:
        """Raise ValueError when `keys` holds no usable Fernet key."""
        parts = [key.strip() for key in keys.split(",") if key.strip()]
        if not parts:
            raise ValueError("no credential key is set; make one with Fernet.generate_key()")
        fernets = [Fernet(key) for key in parts]
        self._newest, self._fernet = fernets[0], MultiFernet(fernets)

    def seal(self, credentials: CameraCredentials) -> str:
        """Return an encrypted token."""
        plain = {"username": credentials.username, "password": credentials.password}
        return self._fernet.encrypt(json.dumps(plain).encode()).decode()

    def renewed(self, token: str) -> str:
        """Return the same login sealed with the newest key: the token itself where it is.

        Raises CredentialsUnreadable when no key fits.
        """
        try:
            self._newest.decrypt(token.encode())
        except InvalidToken:
            return self.seal(self.open(token))
        return token

    def open(self, token: str) -> CameraCredentials:
        """Return the credentials in a token.

        Raises CredentialsUnreadable when no key fits.
        """
        try:
            plain = json.loads(self._fernet.decrypt(token.encode()))
        except InvalidToken:
            raise CredentialsUnreadable(
                "stored camera credentials do not open with the configured keys; "
                "enter the camera's user name and password again"
            ) from None
        return CameraCredentials(plain["username"], plain["password"])
