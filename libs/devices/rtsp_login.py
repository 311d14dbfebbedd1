"""How an RTSP request proves a login: Digest (RFC 2069, RFC 2617), or Basic as the last resort."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from libs.contracts.devices import FailureReason
from libs.devices.driver import Login
from libs.devices.errors import DeviceError

_ALGORITHMS: Final = {"": "md5", "md5": "md5", "sha-256": "sha256"}
_WORD: Final = re.compile(r'([\w-]+)\s*=\s*(?:"([^"]*)"|([^\s,"]*))|([\w-]+)')


def authorization(method: str, uri: str, challenges: Iterable[str], login: Login) -> str:
    """Return the Authorization header that answers the values of WWW-Authenticate.

    The first Digest that we know is taken; Basic only where no Digest is offered.
    """
    offers = _parsed(challenges)
    for scheme, challenge in offers:
        algorithm = _ALGORITHMS.get(challenge.get("algorithm", "").lower())
        qops = [qop.strip().lower() for qop in challenge.get("qop", "").split(",")]
        if scheme == "digest" and algorithm and ("auth" in qops or qops == [""]):
            return _digest(method, uri, challenge, login, has_qop="auth" in qops)
    if any(scheme == "digest" for scheme, _ in offers):
        raise DeviceError(FailureReason.UNSUPPORTED, "the server wants an unknown kind of Digest")
    if any(scheme == "basic" for scheme, _ in offers):
        account = f"{login.username}:{login.password}".encode()
        return f"Basic {base64.b64encode(account).decode()}"
    raise DeviceError(FailureReason.PROTOCOL, "the server wants a login and does not say how")


def is_stale(challenges: Iterable[str]) -> bool:
    """Whether the login was right and only the nonce too old (RFC 2617 3.2.1)."""
    return any(values.get("stale", "").lower() == "true" for _, values in _parsed(challenges))


def _parsed(challenges: Iterable[str]) -> list[tuple[str, dict[str, str]]]:
    """Return scheme and parameters of each challenge; several may share one header."""
    found: list[tuple[str, dict[str, str]]] = []
    for value in challenges:
        for match in _WORD.finditer(value):
            name, quoted, plain, scheme = match.groups()
            if scheme:
                found.append((scheme.lower(), {}))
            elif found:
                found[-1][1][name.lower()] = plain if quoted is None else quoted
    return found


def _digest(
    method: str, uri: str, challenge: Mapping[str, str], login: Login, *, has_qop: bool
) -> str:
    """RFC 2069 2.1.2 without qop, RFC 2617 3.2.2.1 with `auth`."""
    algorithm = challenge.get("algorithm", "")

    def digest(text: str) -> str:
        name = _ALGORITHMS[algorithm.lower()]
        return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
    account = digest(f"{login.username}:{realm}:{login.password}")
    fields = {"username": login.username, "realm": realm, "nonce": nonce, "uri": uri}
    counted = ""
    if has_qop:
        fields["cnonce"] = secrets.token_hex(8)
        counted = f"00000001:{fields['cnonce']}:auth:"
    fields["response"] = digest(f"{account}:{nonce}:{counted}{digest(f'{method}:{uri}')}")
    if "opaque" in challenge:
        fields["opaque"] = challenge["opaque"]
    words = [f'{key}="{_escaped(value)}"' for key, value in fields.items()]
    words += [f"algorithm={algorithm}"] if algorithm else []
    words += ["qop=auth", "nc=00000001"] if has_qop else []
    return f"Digest {', '.join(words)}"


def _escaped(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", "", text).replace("\\", "\\\\").replace('"', '\\"')
