"""Events become rows. Every statement may be repeated and come in any order.

Where two events speak of the same thing, the one published later wins; the event id decides
between equal moments. So replay, redelivery and late arrival all end in the same rows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from libs.contracts.cameras import CameraStatusChanged
from libs.contracts.footage import StoredFootageFound
from libs.contracts.gaps import GapDetected
from libs.contracts.health import CameraHealthChanged
from libs.contracts.recordings import RecordingCompleted
from services.api.footage_ids import footage_id
from services.api.recording_ids import recording_url_id

if TYPE_CHECKING:
    from services.api.database import Connection

STREAM = "EVENTS"

# A recording that is stored. Sent again with other content (stored anew after a crash), the later
# report counts.
UPSERT_RECORDING = """
insert into recordings as r (
    recording_id, camera_id, site, stream, epoch, object_key, started_at, ended_at,
    duration_90k, bytes, sha256, init_bytes, init_sha256, video_codec, audio_codec,
    width, height, fps, fragment_offset, fragment_bytes, fragment_duration_90k,
    source, end_reason, clock_source, camera_skew_seconds, recorder, reported_at, event_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
        $20, $21, $22, $23, $24, $25, $26, $27, $28)
on conflict (recording_id) do update set
    object_key = excluded.object_key, ended_at = excluded.ended_at,
    duration_90k = excluded.duration_90k, bytes = excluded.bytes, sha256 = excluded.sha256,
    init_bytes = excluded.init_bytes, init_sha256 = excluded.init_sha256,
    video_codec = excluded.video_codec, audio_codec = excluded.audio_codec,
    width = excluded.width, height = excluded.height, fps = excluded.fps,
    fragment_offset = excluded.fragment_offset, fragment_bytes = excluded.fragment_bytes,
    fragment_duration_90k = excluded.fragment_duration_90k, source = excluded.source,
    end_reason = excluded.end_reason, clock_source = excluded.clock_source,
    camera_skew_seconds = excluded.camera_skew_seconds, recorder = excluded.recorder,
    reported_at = excluded.reported_at, event_id = excluded.event_id
where (r.reported_at, r.event_id) < (excluded.reported_at, excluded.event_id)
"""

# A gap, open or ended. "Ended" is never undone; of two ends the later one counts, which loses
# nothing: what is recorded after all is subtracted when gaps are read.
UPSERT_GAP = """
insert into gaps as g (gap_id, camera_id, site, stream, started_at, ended_at, reason, detail,
                       recorder, reported_at, event_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (gap_id) do update set
    ended_at = greatest(g.ended_at, excluded.ended_at),
    (reason, detail, recorder, reported_at, event_id) = (
        select newest.* from (values
            (g.reason, g.detail, g.recorder, g.reported_at, g.event_id),
            (excluded.reason, excluded.detail, excluded.recorder, excluded.reported_at,
             excluded.event_id)
        ) as newest (reason, detail, recorder, reported_at, event_id)
        order by reported_at desc, event_id desc limit 1)
"""

# The newest state that a recorder reported.
UPSERT_STATUS = """
insert into camera_status as s (camera_id, state, since, detail, recorder, reported_at, event_id)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (camera_id) do update set
    state = excluded.state, since = excluded.since, detail = excluded.detail,
    recorder = excluded.recorder, reported_at = excluded.reported_at, event_id = excluded.event_id
where (s.since, s.reported_at, s.event_id)
    < (excluded.since, excluded.reported_at, excluded.event_id)
"""

# The newest health that discovery reported.
UPSERT_HEALTH = """
insert into camera_health as h (camera_id, state, since, checked_at, detail, is_flapping,
                                reported_at, event_id)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (camera_id) do update set
    state = excluded.state, since = excluded.since, checked_at = excluded.checked_at,
    detail = excluded.detail, is_flapping = excluded.is_flapping,
    reported_at = excluded.reported_at, event_id = excluded.event_id
where (h.since, h.reported_at, h.event_id)
    < (excluded.since, excluded.reported_at, excluded.event_id)
"""

# A file on a device. Found again with another end or size, the later report counts.
UPSERT_FOOTAGE = """
insert into stored_footage as f (
    footage_id, camera_id, site, device_id, channel, stream, file_id, started_at, ended_at,
    device_started_at, device_ended_at, clock_offset_seconds, bytes, found_at, reported_at,
    event_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
on conflict (footage_id) do update set
    started_at = excluded.started_at, ended_at = excluded.ended_at,
    device_ended_at = excluded.device_ended_at,
    clock_offset_seconds = excluded.clock_offset_seconds, bytes = excluded.bytes,
    found_at = excluded.found_at, reported_at = excluded.reported_at,
    event_id = excluded.event_id
where (f.found_at, f.reported_at, f.event_id)
    < (excluded.found_at, excluded.reported_at, excluded.event_id)
"""

# How far this database is in the stream; another incarnation of the stream starts over.
ADVANCE_CURSOR = """
insert into event_cursor as c (stream, stream_created_at, last_seq) values ($1, $2, $3)
on conflict (stream) do update set
    stream_created_at = excluded.stream_created_at,
    last_seq = case when c.stream_created_at = excluded.stream_created_at
                    then greatest(c.last_seq, excluded.last_seq) else excluded.last_seq end
"""

READ_CURSOR = "select last_seq from event_cursor where stream = $1 and stream_created_at = $2"


@dataclass(frozen=True)
class Report:
    """Which event says it, and when it was published."""

    event_id: str
    time: datetime


async def store_recording(db: "Connection", event: RecordingCompleted, report: Report) -> None:
    """Put a recording in the catalog; its days follow by trigger (migrations/0005)."""
    await db.execute(
        UPSERT_RECORDING,
        recording_url_id(event.camera_id, event.started_at, event.epoch, event.stream),
        event.camera_id,
        event.site,
        event.stream,
        event.epoch,
        event.object_key,
        event.started_at,
        event.ended_at,
        event.duration_90k,
        event.bytes,
        event.sha256,
        event.init_bytes,
        event.init_sha256,
        event.video_codec,
        event.audio_codec,
        event.width,
        event.height,
        event.fps,
        [fragment.offset for fragment in event.fragments],
        [fragment.bytes for fragment in event.fragments],
        [fragment.duration_90k for fragment in event.fragments],
        event.source,
        event.end_reason.value,
        event.clock_source,
        event.camera_skew_seconds,
        event.recorder,
        report.time,
        report.event_id,
    )


async def store_gap(db: "Connection", event: GapDetected, report: Report) -> None:
    """Put a gap in the catalog, or its end."""
    await db.execute(
        UPSERT_GAP,
        event.gap_id,
        event.camera_id,
        event.site,
        event.stream,
        event.started_at,
        event.ended_at,
        event.reason.value,
        event.detail,
        event.recorder,
        report.time,
        report.event_id,
    )


async def store_status(db: "Connection", event: CameraStatusChanged, report: Report) -> None:
    """Remember the newest reported state of a camera."""
    await db.execute(
        UPSERT_STATUS,
        event.camera_id,
        event.state.value,
        event.since,
        event.detail,
        event.recorder,
        report.time,
        report.event_id,
    )


async def store_health(db: "Connection", event: CameraHealthChanged, report: Report) -> None:
    """Remember the newest reported health of a camera."""
    await db.execute(
        UPSERT_HEALTH,
        event.camera_id,
        event.state.value,
        event.since,
        event.checked_at,
        event.detail,
        event.is_flapping,
        report.time,
        report.event_id,
    )


async def store_footage(db: "Connection", event: StoredFootageFound, report: Report) -> None:
    """Note a file that a device holds; its days follow by trigger (migrations/0008)."""
    file = event.file
    await db.execute(
        UPSERT_FOOTAGE,
        footage_id(event.camera_id, event.device_id, file),
        event.camera_id,
        event.site,
        event.device_id,
        file.channel,
        file.stream,
        file.file_id,
        event.started_at,
        event.ended_at,
        file.started_at,
        file.ended_at,
        event.clock_offset_seconds,
        file.bytes,
        event.found_at,
        report.time,
        report.event_id,
    )


async def advance_cursor(db: "Connection", stream_created_at: datetime, seq: int) -> None:
    """Note that everything up to `seq` is stored; part of the same transaction."""
    await db.execute(ADVANCE_CURSOR, STREAM, stream_created_at, seq)


async def read_cursor(db: "Connection", stream_created_at: datetime) -> int:
    """Return how far the database is in this incarnation of the stream, 0 when not begun."""
    return await db.fetchval(READ_CURSOR, STREAM, stream_created_at) or 0
