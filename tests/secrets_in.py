"""What a password looks like when it leaks."""

import base64
from urllib.parse import quote, quote_plus


def forms_of(password: str, *, username: str = "viewer") -> set[str]:
    """The password as it is, percent-encoded, and in Base64, alone and in a Basic login."""
    pair = f"{username}:{password}"
    return {
        password,
        quote(password, safe=""),
        quote(password),
        quote_plus(password),
        base64.b64encode(password.encode()).decode().rstrip("="),
        base64.b64encode(pair.encode()).decode().rstrip("="),
    }
