import json

import pytest

from tools.camera_sim.camera_spec import CameraSpec
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.spec_json import specs_from_json, specs_to_json


def test_devices_survive_json_beside_cameras() -> None:
    cameras = [CameraSpec("a")]
    devices = [
        DeviceSpec(
            channels=(ChannelSpec(sub_url="camera:a"), ChannelSpec(is_online=False)),
            protocols=frozenset({"isapi", "onvif"}),
            kind="recorder",
            recorded_hours=2.5,
        ),
        DeviceSpec(name="second"),
    ]

    assert specs_from_json(specs_to_json(cameras, devices)) == (cameras, devices)


def test_what_is_left_out_has_its_default() -> None:
    assert specs_from_json('{"devices": [{}]}') == ([], [DeviceSpec()])


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="colour"):
        specs_from_json(json.dumps({"devices": [{"colour": "red"}]}))


def test_a_channel_with_a_sub_stream_tells_of_a_smaller_one() -> None:
    main, sub = ChannelSpec(sub_url="rtsp://127.0.0.1/sub", codec="h265").streams()

    assert (main.stream, main.codec, main.width) == ("main", "h265", 1920)
    assert (sub.stream, sub.codec, sub.width, sub.url) == (
        "sub",
        "h264",
        480,
        "rtsp://127.0.0.1/sub",
    )
