"""Which profiles become the streams of a channel, and which recordings are a channel's."""

import re
from dataclasses import replace

import pytest

from libs.devices.onvif.channels import channel_key, chosen_streams
from libs.devices.onvif.profiles import Profile
from libs.devices.onvif.recordings import Recording, place_of

LARGE = Profile("p1", "s1", "Gate", "h265", 2560, 1440, 25.0, 4_000_000)
SMALL = replace(LARGE, token="p2", codec="h264", width=640, height=360)
OTHER = replace(LARGE, token="p3", source="s2", source_name="Yard")


@pytest.mark.parametrize(
    ("profiles", "main", "sub"),
    [
        ([LARGE], "p1", None),
        ([SMALL, LARGE], "p1", "p2"),
        ([LARGE, replace(LARGE, token="p9")], "p1", None),
        ([LARGE, replace(SMALL, codec="mjpeg")], "p1", None),
        ([replace(LARGE, codec="mjpeg"), SMALL], "p2", None),
        ([replace(LARGE, codec="mjpeg"), replace(SMALL, codec="mpeg4")], "p1", "p2"),
        ([replace(LARGE, codec=""), SMALL], "p1", "p2"),
        ([LARGE, replace(SMALL, width=1280, height=720), replace(SMALL, token="p4")], "p1", "p2"),
    ],
)
def test_the_largest_playable_profile_is_main_and_a_smaller_one_sub(profiles, main, sub):
    chosen = chosen_streams(profiles)

    assert chosen["main"].token == main
    assert (chosen["sub"].token if "sub" in chosen else None) == sub


@pytest.mark.parametrize(
    "source", ["VideoSource_1", "a b", "ü" * 30, "x" * 500, "\n", "{00000000-0000-4000}"]
)
def test_any_source_token_becomes_a_channel_key(source):
    key = channel_key(source)

    assert re.fullmatch(r"[!-~]{1,100}", key)
    assert key == channel_key(source)
    assert key != channel_key(source + "2")


RECORDING = Recording("r", "t", ("elsewhere",), "", True, None, None)
CHANNELS = {"s1": [LARGE, SMALL], "s2": [OTHER]}


@pytest.mark.parametrize(
    ("recording", "jobs", "place"),
    [
        (RECORDING, {"r": ["p1"]}, ("s1", "main")),
        (RECORDING, {"r": ["p2"]}, ("s1", "sub")),
        (RECORDING, {"r": ["p3"]}, ("s2", "main")),
        (replace(RECORDING, sources=("s2",)), {}, ("s2", "main")),
        (replace(RECORDING, sources=("s2",)), {"r": ["p2"]}, ("s1", "sub")),
        (replace(RECORDING, sources=("p2",)), {}, ("s1", "sub")),
        (replace(RECORDING, source_name="Yard"), {}, ("s2", "main")),
        (RECORDING, {"x": ["p1"]}, None),
        (replace(RECORDING, sources=("",)), {"r": [""]}, None),
    ],
)
def test_a_recording_belongs_to_the_channel_that_it_names(recording, jobs, place):
    assert place_of(recording, CHANNELS, jobs) == place


def test_the_only_channel_has_every_recording():
    assert place_of(RECORDING, {"s1": [LARGE]}, {}) == ("s1", "main")
