"""Scopes: what an ONVIF device says of itself in a few words (ONVIF Core 7.3.2.2).

`onvif://www.onvif.org/name/Front%20door`; devices answer them to probes and to GetScopes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

_PREFIX = "onvif://www.onvif.org/"
_MAX_SCOPES = 200
_MAX_TEXT = 300


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes that mean something; empty where the device does not tell."""

    name: str = ""
    hardware: str = ""
    location: str = ""
    mac: str = ""
    """As `00:11:22:aa:bb:cc`."""
    profiles: tuple[str, ...] = ()
    """ONVIF profiles: `S`, `T`, `G`, `M`; sorted."""
    types: tuple[str, ...] = ()
    """Of devices, for example `NetworkVideoTransmitter`."""

    @classmethod
    def of(cls, scopes: Iterable[str]) -> Self:
        """Read the scopes of a device; those of others are passed over."""
        told: dict[str, list[str]] = {}
        for scope in list(scopes)[:_MAX_SCOPES]:
            key, _, value = scope.strip().removeprefix(_PREFIX).partition("/")
            text = _readable(value)
            if scope.strip().lower().startswith(_PREFIX) and text:
                told.setdefault(key.lower(), []).append(text)
        return cls(
            name=_first(told, "name"),
            hardware=_first(told, "hardware"),
            # `location/country/germany` and `location/city/bonn` may come besides each other
            location=", ".join(told.get("location", ()))[:_MAX_TEXT],
            mac=_mac(_first(told, "macaddress") or _first(told, "mac")),
            profiles=tuple(sorted({_profile(text) for text in told.get("profile", ())})),
            types=tuple(dict.fromkeys(told.get("type", ()))),
        )


def _first(told: dict[str, list[str]], key: str) -> str:
    return told.get(key, [""])[0]


def _readable(text: str) -> str:
    words = " ".join(unquote(text[: 3 * _MAX_TEXT], errors="replace").split())
    return "".join(letter for letter in words if letter.isprintable())[:_MAX_TEXT].strip("/")


def _profile(text: str) -> str:
    return "S" if text.lower() == "streaming" else text.upper()


def _mac(text: str) -> str:
    digits = "".join(letter for letter in text.lower() if letter in "0123456789abcdef")
    if len(digits) != 12:
        return ""
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))
