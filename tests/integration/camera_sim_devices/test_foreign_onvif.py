"""Clients and schemas that others wrote find nothing wrong with the simulated ONVIF device."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.foreign_clients import needs_foreign_clients, run_foreign
from tests.integration.camera_sim_devices.simulated_onvif_client import UNICAST, OnvifClient
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.onvif.switches import switches_of
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import steady_timeline

SPEC = DeviceSpec(
    kind="recorder",
    channels=(
        ChannelSpec(name="Yard", sub_url="rtsp://127.0.0.1:554/sub"),
        ChannelSpec(name="Gate", codec="h265"),
    ),
)
NOW = datetime.now(UTC).replace(microsecond=0)
HOLE = (NOW - timedelta(hours=2), NOW - timedelta(hours=1))

pytestmark = needs_foreign_clients


def recorder() -> SimulatedDevice:
    timeline = steady_timeline(2, NOW - timedelta(hours=4), None, holes=[HOLE])
    return SimulatedDevice(SPEC, timeline)


@pytest.mark.parametrize("login", ["username_token", "http_digest"])
async def test_onvif_python_finds_profiles_streams_recordings_and_events(login: str) -> None:
    async with recorder() as device:
        switches_of(device).auth = "http" if login == "http_digest" else "username_token"
        seen = await run_foreign(
            "onvif_look.py", str(device.port), SPEC.username, SPEC.password, login
        )
        rejected = device.account.rejected

    assert seen["serial"] == SPEC.serial
    assert "onvif://www.onvif.org/name/Front%20door" in seen["scopes"]
    assert seen["profiles"] == ["profile-1-main", "profile-1-sub", "profile-2-main"]
    assert seen["codecs"] == ["H264", "H264", "H265"]
    assert seen["stream"] == seen["stream2"] == "rtsp://127.0.0.1:554/stream1"
    assert seen["recordings"] == ["recording-1", "recording-2"]
    assert seen["recording_items"] == 2
    # recording and track each begin, end and begin again, on two channels
    assert len(seen["events"]) == 12
    assert {at for _, at in seen["events"]} == {
        moment.isoformat() for moment in (NOW - timedelta(hours=4), *HOLE)
    }
    assert seen["replay"].startswith("rtsp://127.0.0.1:554/")
    assert rejected == 0


TOKEN = "<{0}:ProfileToken>profile-1-main</{0}:ProfileToken>"
QUESTIONS = {
    "device": (
        "tds",
        {
            "GetSystemDateAndTime": "",
            "GetDeviceInformation": "",
            "GetServices": "<tds:IncludeCapability>true</tds:IncludeCapability>",
            "GetCapabilities": "<tds:Category>All</tds:Category>",
            "GetScopes": "",
            "GetNetworkInterfaces": "",
            "GetHostname": "",
            "GetServiceCapabilities": "",
        },
    ),
    "media": (
        "trt",
        {
            "GetServiceCapabilities": "",
            "GetProfiles": "",
            "GetProfile": TOKEN.format("trt"),
            "GetStreamUri": UNICAST.format("trt") + TOKEN.format("trt"),
            "GetSnapshotUri": TOKEN.format("trt"),
            "GetVideoSources": "",
            "GetVideoSourceConfigurations": "",
            "GetVideoEncoderConfigurations": "",
            "GetVideoEncoderConfiguration": "<trt:ConfigurationToken>encoder-1-sub"
            "</trt:ConfigurationToken>",
        },
    ),
    "media2": (
        "tr2",
        {
            "GetServiceCapabilities": "",
            "GetProfiles": "<tr2:Type>All</tr2:Type>",
            "GetStreamUri": f"<tr2:Protocol>RTSP</tr2:Protocol>{TOKEN.format('tr2')}",
            "GetSnapshotUri": TOKEN.format("tr2"),
            "GetVideoEncoderConfigurations": TOKEN.format("tr2"),
            "GetVideoSourceConfigurations": "",
        },
    ),
    "search": (
        "tse",
        {
            "GetServiceCapabilities": "",
            "GetRecordingSummary": "",
            "GetRecordingInformation": "<tse:RecordingToken>recording-1</tse:RecordingToken>",
        },
    ),
    "recording": ("trc", {"GetServiceCapabilities": "", "GetRecordings": ""}),
    "replay": (
        "trp",
        {
            "GetServiceCapabilities": "",
            "GetReplayUri": UNICAST.format("trp")
            + "<trp:RecordingToken>recording-1</trp:RecordingToken>",
        },
    ),
}
KEEP_ALIVE = "<tse:KeepAliveTime>PT30S</tse:KeepAliveTime>"
SEARCHES = {
    "FindRecordings": f"<tse:Scope/>{KEEP_ALIVE}",
    "FindEvents": "<tse:StartPoint>2000-01-01T00:00:00Z</tse:StartPoint><tse:Scope/>"
    f"<tse:SearchFilter/><tse:IncludeStartState>true</tse:IncludeStartState>{KEEP_ALIVE}",
}


async def test_every_answer_is_valid_by_the_schemas_of_onvif(tmp_path: Path) -> None:
    async with recorder() as device, OnvifClient(device) as client:

        async def keep(service: str, name: str, inner: str) -> str:
            answer = await client.ask(name, inner)
            assert answer.status == 200, answer.content
            operation = name.partition(":")[2]
            (tmp_path / f"{service}.{operation}.xml").write_bytes(answer.content)
            return "".join(answer.texts("tse:SearchToken"))

        for service, (prefix, questions) in QUESTIONS.items():
            for operation, inner in questions.items():
                await keep(service, f"{prefix}:{operation}", inner)
        for find, results in (
            ("FindRecordings", "GetRecordingSearchResults"),
            ("FindEvents", "GetEventSearchResults"),
        ):
            token = await keep("search", f"tse:{find}", SEARCHES[find])
            of_token = f"<tse:SearchToken>{token}</tse:SearchToken>"
            await keep("search", "tse:GetSearchState", of_token)
            await keep("search", f"tse:{results}", of_token)
        token = await keep("search", "tse:FindRecordings", SEARCHES["FindRecordings"])
        await keep("search", "tse:EndSearch", f"<tse:SearchToken>{token}</tse:SearchToken>")

    problems = await run_foreign("onvif_schemas.py", str(tmp_path))

    assert len(problems) == 36
    assert {name: found for name, found in problems.items() if found} == {}


async def test_the_schema_check_sees_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    async with recorder() as device, OnvifClient(device) as client:
        answer = (await client.ask("tds:GetHostname")).content
    missing = answer.replace(b"<tt:FromDHCP>false</tt:FromDHCP>", b"")
    too_much = answer.replace(b"<tt:FromDHCP>", b"<tt:Colour>red</tt:Colour><tt:FromDHCP>")
    assert answer not in {missing, too_much}
    (tmp_path / "device.GetHostname.missing.xml").write_bytes(missing)
    (tmp_path / "device.GetHostname.too-much.xml").write_bytes(too_much)

    problems = await run_foreign("onvif_schemas.py", str(tmp_path))

    assert len(problems) == 2
    assert all(problems.values())
