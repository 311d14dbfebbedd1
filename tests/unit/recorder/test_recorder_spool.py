"""Sidecars, crashes, quarantine, and what recovery makes of them."""

import json
import re
import shutil
import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from libs.contracts.gaps import GapReason
from libs.contracts.recordings import EndReason
from libs.media.packets import VIDEO_TIMESCALE
from libs.media.recording_file import RecordingWriter, read_index
from services.recorder.ledger import Gap
from services.recorder.recovery import finish_interrupted, quarantined_footage, recover_spool
from services.recorder.spool import (
    OUTBOX,
    QUARANTINE,
    Spool,
    SpoolEntry,
    SpoolState,
    write_atomically,
)
from tests.unit.recorder.recorder_samples import at, entry, files, finished, real_parts


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def interrupted(spool: Spool, *, parts: int = 6, seconds: float = 0.0) -> SpoolEntry:
    """A recording whose process was killed after some parts."""
    made = entry(seconds)
    spool.save(made)
    writer = RecordingWriter(spool.media_path(made), real_parts()[0].init, expected_fragments=8)
    for each in real_parts()[:parts]:
        writer.append(each)
    writer.abandon()
    return made


def test_a_sidecar_comes_back_as_it_was_saved(spool: Spool):
    saved = [
        finished(spool, 20),
        finished(spool, 0, camera="yard"),
        finished(spool, 10),
    ]

    loaded = spool.load()

    assert loaded == sorted(saved, key=lambda e: e.started_at)


def test_names_in_the_spool_and_in_the_store_tell_camera_and_moment(spool: Spool):
    made = entry(61.5, epoch=12)

    assert spool.media_path(made).relative_to(spool.root) == Path(
        "front-door/2026-11-20T12-01-01.500Z-12.mp4"
    )
    assert spool.sidecar_path(made).name == "2026-11-20T12-01-01.500Z-12.json"
    assert made.object_key == "recordings/front-door/2026/11/20/12-01-01.500Z-12.mp4"


def test_a_sidecar_is_replaced_whole_or_not_at_all(tmp_path: Path):
    path = tmp_path / "one.json"
    write_atomically(path, b"before")

    with pytest.raises(IsADirectoryError):
        write_atomically(_blocked(tmp_path), b"after")
    write_atomically(path, b"after", sync=True)

    assert path.read_bytes() == b"after"


def _blocked(folder: Path) -> Path:
    """A path that cannot be replaced by a file."""
    path = folder / "two.json"
    path.mkdir()
    (path / "something").write_bytes(b"")
    return path


def test_a_failed_save_leaves_nothing_behind(tmp_path: Path):
    # On a full disk every attempt, one a second and camera, left a temporary file.
    blocked = _blocked(tmp_path)

    with pytest.raises(OSError, match=r"two\.json"):
        write_atomically(blocked, b"x")

    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"state":"finished"}', b"\xff\xfe\x00"])
def test_an_unreadable_sidecar_goes_to_quarantine_with_its_media(spool: Spool, garbage: bytes):
    good, bad = finished(spool, 0), finished(spool, 10)
    spool.sidecar_path(bad).write_bytes(garbage)

    with capture_logs() as logs:
        loaded = spool.load()

    assert loaded == [good]
    kept = sorted(p.name for p in (spool.root / QUARANTINE).iterdir())
    assert kept == [
        "front-door.2026-11-20T12-00-10.000Z-7.json",
        "front-door.2026-11-20T12-00-10.000Z-7.mp4",
    ]
    assert [entry["event"] for entry in logs] == ["spool.file_quarantined"] * 2
    assert spool.load() == [good]


def test_media_without_a_sidecar_goes_to_quarantine(spool: Spool):
    (spool.root / "yard").mkdir()
    (spool.root / "yard" / "film.mp4").write_bytes(b"film")

    assert spool.load() == []
    assert (spool.root / QUARANTINE / "yard.film.mp4").read_bytes() == b"film"


def test_half_written_files_of_an_earlier_life_are_deleted(spool: Spool):
    kept = finished(spool)
    leftover = spool.sidecar_path(kept).with_suffix(".json.tmp")
    leftover.write_bytes(b"{")

    assert spool.load() == [kept]
    assert not leftover.exists()


@pytest.mark.parametrize("camera", ["quarantine", "outbox"])
def test_a_camera_may_be_called_like_anything_in_the_spool(spool: Spool, camera: str):
    # Cameras of these names shared a folder with the spool's own, and were never recovered.
    made = finished(spool, camera=camera)

    assert spool.load() == [made]
    assert camera not in {QUARANTINE, OUTBOX}


def test_emptying_the_quarantine_frees_it_and_nothing_else(spool: Spool):
    kept = finished(spool)
    (spool.root / "yard").mkdir()
    (spool.root / "yard" / "film.mp4").write_bytes(bytes(5000))
    spool.load()
    before = spool.used_bytes()

    assert spool.empty_quarantine() == 5000
    assert spool.used_bytes() == before - 5000
    assert spool.load() == [kept]
    assert spool.empty_quarantine() == 0


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OSError, match="file"):
        Spool(tmp_path / "file" / "spool")


# ---- recovery ---------------------------------------------------------------------------------
def test_a_recording_that_was_cut_off_is_finished_up_to_its_last_part(spool: Spool):
    made = interrupted(spool, parts=6)

    [(recovered, gap)] = recover_spool(spool)

    ticks = sum(p.duration_90k for p in real_parts()[:6])
    assert gap is None
    assert recovered.state is SpoolState.FINISHED
    assert recovered.end_reason is EndReason.CRASH_RECOVERED
    assert recovered.duration_90k == ticks
    assert recovered.ended_at == at(ticks / VIDEO_TIMESCALE)
    assert recovered.bytes == spool.media_path(made).stat().st_size
    assert spool.load() == [recovered]


def test_recovering_twice_changes_nothing(spool: Spool):
    interrupted(spool)
    first = list(recover_spool(spool))
    after_first = files(spool.root)

    assert list(recover_spool(spool)) == first
    assert files(spool.root) == after_first


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(share=st.floats(0, 1))
def test_a_recording_cut_off_at_any_byte_is_finished_or_empty(tmp_path: Path, share: float):
    shutil.rmtree(tmp_path / "spool", ignore_errors=True)
    spool = Spool(tmp_path / "spool")
    made = interrupted(spool, parts=10)
    path = spool.media_path(made)
    whole = path.read_bytes()
    size = int(len(whole) * share)
    path.write_bytes(whole[:size])

    recovered = finish_interrupted(spool, made)

    if recovered is None:
        assert files(spool.root) == {}
        return
    index = read_index(path)
    assert index is not None
    assert recovered.bytes == index.bytes == path.stat().st_size <= size
    assert recovered.duration_90k == index.duration_90k > 0
    assert sum(f.duration_90k for f in recovered.fragments) == recovered.duration_90k


def test_a_sidecar_whose_media_was_never_begun_is_removed(spool: Spool):
    spool.save(entry())

    assert list(recover_spool(spool)) == []
    assert files(spool.root) == {}


def test_a_finished_recording_without_its_file_leaves_a_gap(spool: Spool):
    made = finished(spool)
    spool.truncate(made)

    [(lost, gap)] = recover_spool(spool)

    assert lost == made
    assert gap is not None
    assert (gap.started_at, gap.ended_at, gap.reason) == (at(0), at(10), GapReason.RECORDING_LOST)
    assert spool.sidecar_path(made).exists(), "gone before its gap is announced"


def test_a_dropped_recording_tells_its_gap_at_every_start_until_it_is_removed(spool: Spool):
    made = finished(spool).dropped()
    spool.save(made)
    spool.truncate(made)
    expected = Gap(at(0), at(10), GapReason.SPOOL_FULL, "given up for want of space")

    assert list(recover_spool(spool)) == [(made, expected)]
    assert list(recover_spool(spool)) == [(made, expected)]
    spool.remove(made)
    assert list(recover_spool(spool)) == []


@pytest.mark.parametrize("state", [SpoolState.STORED, SpoolState.ANNOUNCED])
def test_what_the_store_has_needs_no_file(spool: Spool, state: SpoolState):
    made = finished(spool).model_copy(update={"state": state, "sha256": "b" * 64})
    spool.save(made)
    spool.truncate(made)

    assert list(recover_spool(spool)) == [(made, None)]


def test_a_file_that_cannot_be_read_does_not_keep_the_recorder_from_starting(spool: Spool):
    # One bad file, or a disk that was full at the start, ended the process: nothing was recorded.
    bad = entry(0)
    spool.save(bad)
    spool.media_path(bad).mkdir()
    good = interrupted(spool, seconds=30)

    with capture_logs() as logs:
        found = list(recover_spool(spool))

    assert [(e.state, e.started_at, gap) for e, gap in found] == [
        (SpoolState.RECORDING, bad.started_at, None),
        (SpoolState.FINISHED, good.started_at, None),
    ]
    assert "recording.not_recovered" in [entry["event"] for entry in logs]


# ---- the event --------------------------------------------------------------------------------
def test_the_event_repeats_what_the_sidecar_says(spool: Spool):
    made = finished(spool, 61).stored("c" * 64)

    event = made.to_event()

    assert event.object_key == made.object_key
    shared = made.model_dump(exclude={"state", "announced_at"})
    told = json.loads(event.model_dump_json())
    assert {k: told[k] for k in shared} == json.loads(
        made.model_dump_json(exclude={"state", "announced_at"})
    )


def test_each_state_follows_from_the_one_before(spool: Spool):
    made = finished(spool)

    stored = made.stored("d" * 64)
    announced = stored.announced(at(99))
    reopened = announced.reopened()

    assert (stored.state, stored.sha256) == (SpoolState.STORED, "d" * 64)
    assert (announced.state, announced.announced_at) == (SpoolState.ANNOUNCED, at(99))
    assert (reopened.state, reopened.announced_at) == (SpoolState.FINISHED, None)
    assert made.dropped().state is SpoolState.DROPPED
    assert made.state is SpoolState.FINISHED


# ---- footage in quarantine --------------------------------------------------------------------
def test_footage_whose_sidecar_is_unreadable_is_a_gap_at_every_start(spool: Spool):
    # It lay before the time that was accounted for, so nothing ever said that it is missing.
    made = interrupted(spool, parts=6)
    spool.sidecar_path(made).write_bytes(b"")
    ticks = sum(p.duration_90k for p in real_parts()[:6])

    for _ in range(2):
        assert list(recover_spool(spool)) == []
        [(camera_id, gap)] = quarantined_footage(spool)

        assert camera_id == "front-door"
        assert (gap.started_at, gap.ended_at) == (at(0), at(ticks / VIDEO_TIMESCALE))
        assert gap.reason is GapReason.RECORDING_LOST


def test_quarantined_files_that_tell_no_time_are_passed_over(spool: Spool):
    (spool.root / "yard").mkdir()
    (spool.root / "yard" / "film.mp4").write_bytes(b"film")
    spool.sidecar_path(finished(spool)).unlink()
    spool.load()

    assert list(quarantined_footage(spool)) == []


def test_a_sidecar_that_the_disk_cannot_read_keeps_nobody_from_recording(spool: Spool):
    # One bad sector ended the recorder at every start.
    good, bad = finished(spool, 0), finished(spool, 10)
    spool.sidecar_path(bad).unlink()
    spool.sidecar_path(bad).mkdir()

    assert spool.load() == [good]


@pytest.mark.parametrize("duration", [0, 0xFFFF_FFFF])
def test_a_part_of_impossible_length_ends_the_recovered_recording(spool: Spool, duration: int):
    # A spoilt length made recovery fail with what nobody caught: the recorder never started.
    made = interrupted(spool, parts=6)
    path = spool.media_path(made)
    data = bytearray(path.read_bytes())
    moofs = [m.start() for m in re.finditer(b"moof", data)]
    spoil(data, moofs[2] - 4, duration)
    path.write_bytes(data)

    [(recovered, _)] = recover_spool(spool)

    assert recovered.state is SpoolState.FINISHED
    assert recovered.duration_90k == sum(p.duration_90k for p in real_parts()[:2])


def spoil(data: bytearray, moof: int, duration: int) -> None:
    """Give every sample of a part this duration."""
    tfhd, trun = (data.index(kind, moof) + 4 for kind in (b"tfhd", b"trun"))
    flags, _, default = struct.unpack_from(">III", data, tfhd)
    if flags & 0x8:
        assert default == 3600
        struct.pack_into(">I", data, tfhd + 8, duration)
        return
    present, count = struct.unpack_from(">II", data, trun)
    columns = (present >> 8 & 0xF).bit_count()
    first = trun + 8 + 4 * bool(present & 0x1) + 4 * bool(present & 0x4)
    for sample in range(count):
        struct.pack_into(">I", data, first + 4 * columns * sample, duration)
