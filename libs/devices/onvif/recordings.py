"""Recordings of a Profile G device: mostly one endless one per channel, with tracks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.devices.driver import StreamName
from libs.devices.errors import LOGIN_REASONS, DeviceError
from libs.devices.onvif.answers import field_of, items_of, text_of, time_of, token_of
from libs.devices.onvif.channels import chosen_streams
from libs.devices.onvif.client import OnvifClient
from libs.devices.onvif.profiles import Profile
from libs.devices.onvif.search import RECORDINGS, find_all
from libs.devices.onvif.services import RECORDING
from libs.devices.xml import Element

Profiles = Mapping[str, Sequence[Profile]]
"""By channel."""

_MAX_RECORDINGS = 1000


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording by its video track; times are the device's, None where it has none yet."""

    token: str
    track: str
    sources: tuple[str, ...]
    """What the device says that it recorded: tokens, or words of its own."""
    source_name: str
    is_recording: bool
    data_from: datetime | None
    data_to: datetime | None


async def read_recordings(client: OnvifClient) -> list[Recording]:
    """Return all recordings that have a video track, by token."""
    found = await find_all(client, RECORDINGS, {"Scope": {}})
    known = {token_of(told, "RecordingToken") for told in found}
    found += [
        await client.call("search", "GetRecordingInformation", {"RecordingToken": token})
        for token in await _all_tokens(client)
        if token not in known
    ]
    recordings = {
        recording.token: recording for told in found if (recording := _recording(told)) is not None
    }
    return [recordings[token] for token in sorted(recordings)]


async def _all_tokens(client: OnvifClient) -> list[str]:
    """Return what the recording service lists: searches are cut short and called complete."""
    if RECORDING not in client.xaddrs:
        return []
    try:
        answer = await client.call("recording", "GetRecordings")
    except DeviceError as error:
        if error.reason in LOGIN_REASONS:
            raise
        return []
    tokens = (token_of(told, "RecordingToken") for told in items_of(answer))
    return [token for token in tokens if token][:_MAX_RECORDINGS]


async def read_job_sources(client: OnvifClient) -> dict[str, list[str]]:
    """Return by recording which profiles or sources are recorded to it, where that is told."""
    if RECORDING not in client.xaddrs:
        return {}
    try:
        jobs = await client.call("recording", "GetRecordingJobs")
    except DeviceError as error:
        if error.reason in LOGIN_REASONS:
            raise
        return {}
    found: dict[str, list[str]] = {}
    for job in items_of(jobs):
        recording = token_of(job, "JobConfiguration", "RecordingToken")
        sources = items_of(job, "JobConfiguration", "Source")
        found.setdefault(recording, []).extend(
            token_of(source, "SourceToken", "Token") for source in sources
        )
    return found


def place_of(
    recording: Recording, channels: Profiles, job_sources: Mapping[str, Sequence[str]]
) -> tuple[str, StreamName] | None:
    """Return which channel and stream a recording is of; None where nothing tells.

    What SourceId and Address hold is left to the device.
    """
    for token in (*job_sources.get(recording.token, ()), *recording.sources):
        for key, profiles in channels.items():
            sub = chosen_streams(profiles).get("sub")
            if sub is not None and token == sub.token:
                return key, "sub"
            if token and token in {told for one in profiles for told in (one.token, one.source)}:
                return key, "main"
    named = [
        key
        for key, profiles in channels.items()
        if recording.source_name == profiles[0].source_name
    ]
    if len(named) == 1 and recording.source_name:
        return named[0], "main"
    return (next(iter(channels)), "main") if len(channels) == 1 else None


def _recording(told: Any) -> Recording | None:
    tracks = [one for one in items_of(told, "Track") if text_of(one, "TrackType") == "Video"]
    # a second video track is the same picture again
    tracks.sort(key=lambda one: token_of(one, "TrackToken"))
    token = token_of(told, "RecordingToken")
    if not token or not tracks:
        return None
    source = field_of(told, "Source")
    return Recording(
        token=token,
        track=token_of(tracks[0], "TrackToken"),
        sources=_sources(source),
        source_name=text_of(source, "Name"),
        is_recording=text_of(told, "RecordingStatus") == "Recording",
        data_from=time_of(tracks[0], "DataFrom") or time_of(told, "EarliestRecording"),
        data_to=time_of(tracks[0], "DataTo") or time_of(told, "LatestRecording"),
    )


def _sources(source: Any) -> tuple[str, ...]:
    """Also what stands behind the fields that onvif-zeep's old schema knows."""
    more = [
        element.text or ""
        for element in items_of(source, "_value_1")
        if isinstance(element, Element)
    ]
    return (token_of(source, "SourceId"), token_of(source, "Address"), *more[:10])
