"""What a simulated ONVIF device says of itself, and what is wrong when it is told to be."""

from datetime import UTC, datetime

import pytest

from tests.integration.camera_sim_devices.simulated_onvif_client import (
    UNICAST,
    OnvifAnswer,
    OnvifClient,
    envelope,
)
from tools.camera_sim.devices.device import SimulatedDevice
from tools.camera_sim.devices.faults import DeviceFaults
from tools.camera_sim.devices.onvif.names import MEDIA2, SERVICES
from tools.camera_sim.devices.onvif.switches import switches_of
from tools.camera_sim.devices.spec import ChannelSpec, DeviceSpec
from tools.camera_sim.devices.timeline import Timeline

SPEC = DeviceSpec(
    kind="recorder",
    channels=(
        ChannelSpec(name="Yard & gate", sub_url="rtsp://127.0.0.1:554/sub?a=1&b=2"),
        ChannelSpec(name="Cellar", is_online=False),
        ChannelSpec(name="Roof", codec="h265"),
    ),
)


async def ask(
    name: str, inner: str = "", *, faults: DeviceFaults | None = None, path: str | None = None
) -> OnvifAnswer:
    async with (
        SimulatedDevice(SPEC, faults=faults) as device,
        OnvifClient(device) as client,
    ):
        return await client.ask(name, inner, path=path)


def token(prefix: str, value: str) -> str:
    return f"<{prefix}:ProfileToken>{value}</{prefix}:ProfileToken>"


async def test_tells_its_own_time_and_the_wall_clock_of_its_zone() -> None:
    now = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)
    faults = DeviceFaults(zone="CET-1CEST,M3.5.0,M10.5.0/3", clock_offset_seconds=90)
    timeline = Timeline(now=lambda: now)
    async with SimulatedDevice(SPEC, timeline, faults) as device, OnvifClient(device) as client:
        answer = await client.ask("tds:GetSystemDateAndTime")

    assert answer.texts("tt:TZ") == [faults.zone]
    assert answer.texts("tt:UTCDateTime/tt:Time/*") == ["12", "1", "30"]
    assert answer.texts("tt:LocalDateTime/tt:Time/*") == ["14", "1", "30"]
    assert answer.texts("tt:UTCDateTime/tt:Date/*") == ["2025", "7", "1"]


async def test_lists_its_services_and_their_capabilities() -> None:
    answer = await ask("tds:GetServices", "<tds:IncludeCapability>true</tds:IncludeCapability>")

    assert answer.texts("tds:Namespace") == [service.namespace for service in SERVICES]
    assert len(answer.all("tds:Service/tds:Capabilities/*")) == len(SERVICES)


async def test_hides_media2_and_still_has_it() -> None:
    faults = DeviceFaults(hides_media2=True)
    listed = await ask("tds:GetServices", faults=faults)
    profiles = await ask("tr2:GetProfiles", faults=faults)

    assert MEDIA2.namespace not in listed.texts("tds:Namespace")
    assert profiles.status == 200


async def test_without_get_services_capabilities_name_profile_g_in_their_extension() -> None:
    faults = DeviceFaults(missing_services=frozenset({"GetServices", "replay"}))
    refused = await ask("tds:GetServices", faults=faults)
    answer = await ask("tds:GetCapabilities", faults=faults)

    assert (refused.status, refused.fault) == (500, ["s:Receiver", "ter:ActionNotSupported"])
    assert len(answer.texts("tt:Media/tt:XAddr")) == 1
    assert len(answer.texts("tt:Extension/tt:Search/tt:XAddr")) == 1
    assert answer.texts("tt:Extension/tt:Replay/tt:XAddr") == []


async def test_a_missing_service_is_neither_listed_nor_there() -> None:
    faults = DeviceFaults(missing_services=frozenset({"search"}))
    listed = await ask("tds:GetServices", faults=faults)
    scopes = await ask("tds:GetScopes", faults=faults)
    answer = await ask("tse:GetRecordingSummary", faults=faults)

    assert not any("search" in namespace for namespace in listed.texts("tds:Namespace"))
    assert not any(scope.endswith("/Profile/G") for scope in scopes.texts("tt:ScopeItem"))
    assert answer.status == 404


async def test_puts_the_host_that_it_believes_to_have_into_every_address() -> None:
    faults = DeviceFaults(nat_host="192.0.2.7")
    of_token = token("trt", "profile-1-sub")
    addresses = [
        *(await ask("tds:GetServices", faults=faults)).texts("tds:XAddr"),
        *(await ask("tds:GetCapabilities", faults=faults)).texts("tt:XAddr"),
        *(await ask("trt:GetSnapshotUri", of_token, faults=faults)).texts("tt:Uri"),
    ]
    setup = UNICAST.format("trt") + of_token
    stream = (await ask("trt:GetStreamUri", setup, faults=faults)).texts("tt:Uri")

    assert len(addresses) > len(SERVICES)
    assert all(address.startswith("http://192.0.2.7:") for address in addresses)
    assert stream == ["rtsp://192.0.2.7:554/sub?a=1&b=2"]


async def test_media_has_no_words_for_h265_and_media2_has() -> None:
    first = await ask("trt:GetProfiles")
    second = await ask("tr2:GetProfiles", "<tr2:Type>All</tr2:Type>")
    bare = await ask("tr2:GetProfiles")

    tokens = ["profile-1-main", "profile-1-sub", "profile-3-main"]
    assert [item.get("token") for item in first.all("trt:Profiles")] == tokens
    assert first.texts("tt:VideoEncoderConfiguration/tt:Encoding") == ["H264", "H264"]
    assert [item.get("token") for item in second.all("tr2:Profiles")] == tokens
    assert second.texts("tr2:VideoEncoder/tt:Encoding") == ["H264", "H264", "H265"]
    assert second.texts("tr2:VideoEncoder/tt:Resolution/tt:Width") == ["1920", "480", "1920"]
    assert bare.all("tr2:Configurations") == []


WRONG_QUESTIONS = {
    "no such profile": ("trt:GetSnapshotUri", token("trt", "nobody"), "NoProfile"),
    "no profile named": ("tr2:GetSnapshotUri", "", "NoProfile"),
    "no stream setup": ("trt:GetStreamUri", token("trt", "profile-1-main"), "InvalidStreamSetup"),
    "no protocol": ("tr2:GetStreamUri", token("tr2", "profile-1-main"), "InvalidStreamSetup"),
    "no such recording": (
        "trp:GetReplayUri",
        UNICAST.format("trp") + "<trp:RecordingToken>x</trp:RecordingToken>",
        "NoRecording",
    ),
    "no such encoder": (
        "tr2:GetVideoEncoderConfigurations",
        "<tr2:ConfigurationToken>x</tr2:ConfigurationToken>",
        "NoConfig",
    ),
}


@pytest.mark.parametrize("case", WRONG_QUESTIONS)
async def test_a_question_that_makes_no_sense_gets_the_fault_for_it(case: str) -> None:
    name, inner, detail = WRONG_QUESTIONS[case]
    answer = await ask(name, inner)

    assert answer.status == 400
    assert answer.fault == ["s:Sender", "ter:InvalidArgVal", f"ter:{detail}"]


async def test_an_operation_that_it_lacks_is_not_supported() -> None:
    answer = await ask("tds:SystemReboot")
    elsewhere = await ask("trt:GetProfiles", path="/onvif/device_service")

    assert answer.fault == elsewhere.fault == ["s:Receiver", "ter:ActionNotSupported"]


GARBAGE = {
    "nothing": b"",
    "bytes": b"\x00\xff",
    "half": b"<s:Envelope",
    "entities": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    "empty body": envelope("", "").encode(),
}


@pytest.mark.parametrize("case", GARBAGE)
async def test_garbage_gets_a_fault_and_the_next_question_an_answer(case: str) -> None:
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        answer = await client.post("/onvif/device_service", GARBAGE[case])
        after = await client.ask("tds:GetHostname")

    assert (answer.status, answer.fault) == (400, ["s:Sender", "ter:WellFormed"])
    assert after.texts("tt:Name") == ["front-door"]


async def test_soap_1_1_is_another_version() -> None:
    body = envelope("", "<tds:GetHostname/>").replace(
        "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"
    )
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        answer = await client.post("/onvif/device_service", body)

    assert answer.fault == ["s:VersionMismatch"]


async def test_names_another_content_type_when_it_is_told_to() -> None:
    async with SimulatedDevice(SPEC) as device, OnvifClient(device) as client:
        right = await client.ask("tds:GetHostname")
        switches_of(device).content_type = "text/html"
        wrong = await client.ask("tds:GetHostname")

    assert right.headers["content-type"].startswith("application/soap+xml")
    assert wrong.headers["content-type"] == "text/html"
    assert wrong.content == right.content


async def test_faults_of_the_wire_hold_for_onvif_too() -> None:
    faults = DeviceFaults(garbage="text", wire_path="/onvif/Media2")
    async with SimulatedDevice(SPEC, faults=faults) as device, OnvifClient(device) as client:
        spoiled = await client.ask("tr2:GetProfiles")
        healthy = await client.ask("trt:GetProfiles")

    assert b"Envelope" not in spoiled.content
    assert healthy.all("trt:Profiles")
