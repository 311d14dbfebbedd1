"""Opens the sealed logins of asks, cameras and devices."""

from libs.contracts.devices import FailureReason
from libs.devices.driver import Login
from libs.devices.errors import DeviceError
from libs.runtime.credentials import CredentialBox, CredentialsUnreadable


class Logins:
    """Knows the keys; everything else in discovery sees opened logins only while it uses them."""

    def __init__(self, box: CredentialBox) -> None:
        self._box = box

    def open(self, sealed: str | None) -> Login | None:
        """Return the login in a token, None without one.

        Raises DeviceError (UNAUTHORIZED) when no key fits; no device has rejected it then.
        """
        if sealed is None:
            return None
        try:
            found = self._box.open(sealed)
            return Login(found.username, found.password)
        except (CredentialsUnreadable, ValueError, KeyError, TypeError):
            raise DeviceError(
                FailureReason.UNAUTHORIZED,
                "the stored user name and password do not open with discovery's keys",
            ) from None

    def are_same(self, one: str | None, other: str | None) -> bool:
        """Whether two tokens hold one login; False when one cannot be opened or there is none."""
        if one is None or other is None:
            return False
        if one == other:
            return True
        try:
            return self.open(one) == self.open(other)
        except DeviceError:
            return False
