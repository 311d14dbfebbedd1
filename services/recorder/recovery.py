"""Brings the spool of an earlier life back: every file is finished, or its loss is explained."""

from collections.abc import Iterator
from datetime import timedelta

import structlog

from libs.contracts.gaps import GapReason
from libs.contracts.ids import CameraId
from libs.contracts.recordings import EndReason
from libs.media.packets import VIDEO_TIMESCALE
from libs.media.recording_file import read_index, recover
from services.recorder.ledger import Gap
from services.recorder.spool import Spool, SpoolEntry, SpoolState, moment_of

log = structlog.get_logger()


def finish_interrupted(spool: Spool, entry: SpoolEntry) -> SpoolEntry | None:
    """Complete a recording that was cut off, up to its last whole part.

    Returns None when it holds nothing playable; then its files are removed. Repeating it is
    harmless. Raises OSError when the spool's disk fails.
    """
    path = spool.media_path(entry)
    index = recover(path) if path.exists() else None
    if index is None:
        spool.remove(entry)
        log.info("recording.empty_removed", camera_id=entry.camera_id, started_at=entry.started_at)
        return None
    length = timedelta(milliseconds=index.duration_90k * 1000 // VIDEO_TIMESCALE)
    finished = entry.finished(index, entry.started_at + length, EndReason.CRASH_RECOVERED)
    spool.save(finished, sync=True)
    log.info(
        "recording.recovered",
        camera_id=entry.camera_id,
        started_at=entry.started_at,
        seconds=length.total_seconds(),
    )
    return finished


def quarantined_footage(spool: Spool) -> Iterator[tuple[CameraId, Gap]]:
    """Yield the gaps of recordings whose sidecar is unreadable: nobody can store them.

    The same at every start, for as long as the files are kept.
    """
    for path in spool.quarantined_media():
        camera_id, _, stem = path.name.partition(".")
        try:
            started_at = moment_of(stem)
            index = read_index(path)
        except (OSError, ValueError) as error:
            log.error("recording.not_explained", path=str(path), reason=str(error))
            continue
        if index is not None:
            length = timedelta(milliseconds=index.duration_90k * 1000 // VIDEO_TIMESCALE)
            detail = "its sidecar is unreadable; the file is in the spool's quarantine"
            gap = Gap(started_at, started_at + length, GapReason.RECORDING_LOST, detail)
            yield camera_id, gap


def lost_stretch(entry: SpoolEntry, *, detail: str, reason: GapReason) -> Gap | None:
    """Return the gap that a recording leaves when its media is gone."""
    ended_at = entry.ended_at
    if ended_at is None or ended_at <= entry.started_at:
        return None
    return Gap(entry.started_at, ended_at, reason, detail)


def recover_spool(
    spool: Spool, vanished: list[SpoolEntry] | None = None
) -> Iterator[tuple[SpoolEntry, Gap | None]]:
    """Yield what is left in the spool, oldest first, and the gap where footage is gone.

    An entry with a gap has no media any more; its sidecar stays until the gap is announced. An
    entry that is still `recording` could not be finished now. `vanished` collects recordings of
    which nothing reached the disk, as after a power cut.
    """
    for entry in spool.load():
        if entry.state is SpoolState.RECORDING:
            try:
                finished = finish_interrupted(spool, entry)
            except OSError as error:
                # one bad file or a full disk is no reason not to record; it is tried again later
                log.error("recording.not_recovered", camera_id=entry.camera_id, reason=str(error))
                finished = entry
            if finished is not None:
                yield finished, None
            elif vanished is not None:
                vanished.append(entry)
        elif entry.state is SpoolState.DROPPED:
            gap = lost_stretch(
                entry, detail="given up for want of space", reason=GapReason.SPOOL_FULL
            )
            if gap is None:
                spool.remove(entry)
            else:
                yield entry, gap
        elif entry.state is SpoolState.FINISHED and not spool.media_path(entry).exists():
            yield (
                entry,
                lost_stretch(
                    entry,
                    detail="the file vanished from the spool before it was stored",
                    reason=GapReason.RECORDING_LOST,
                ),
            )
        else:
            yield entry, None
