"""Scopes of ONVIF devices."""

import pytest

from libs.devices.ws_discovery_scopes import Scopes

_P = "onvif://www.onvif.org/"


def test_scopes_tell_name_hardware_place_and_profiles():
    scopes = Scopes.of(
        [
            f"{_P}type/video_encoder",
            f"{_P}type/NetworkVideoTransmitter",
            f"{_P}Profile/Streaming",
            f"{_P}Profile/G",
            f"{_P}Profile/T",
            f"{_P}MacAddress/0C-11-22-AA-BB-CC",
            f"{_P}hardware/DS-2CD2032",
            f"{_P}name/Front%20door",
            f"{_P}location/country/germany",
            f"{_P}location/city/bonn",
            "http://example.com/other",
        ]
    )

    assert scopes == Scopes(
        name="Front door",
        hardware="DS-2CD2032",
        location="country/germany, city/bonn",
        mac="0c:11:22:aa:bb:cc",
        profiles=("G", "S", "T"),
        types=("video_encoder", "NetworkVideoTransmitter"),
    )


@pytest.mark.parametrize(
    "told", [[], [""], [_P], [f"{_P}name/"], [f"{_P}name"], ["%%%"], [f"{_P}MacAddress/zz"]]
)
def test_scopes_without_a_meaning_are_empty(told):
    assert Scopes.of(told) == Scopes()


def test_hostile_scopes_are_cut_and_cleaned():
    scopes = Scopes.of([f"{_P}name/{'%1b%0a' * 50}{'x' * 5000}"])

    assert scopes.name.isprintable()
    assert len(scopes.name) <= 300
