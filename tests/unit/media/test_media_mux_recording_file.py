import resource
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from libs.media import boxes
from libs.media.packets import Part, RecordingIndex
from libs.media.recording_file import (
    RecordingWriter,
    WrongInitSegmentError,
    read_index,
    recover,
)
from tests.unit.media.media_mux_samples import (
    RATE,
    Stream,
    audio,
    decode_annex_b,
    decode_file,
    interleaved,
    luma,
    mux,
    shifted,
    video,
)


def parts_of(stream: Stream, *, with_audio: bool = True) -> list[Part]:
    sound, packets = audio()
    late = shifted(stream.packets, ticks=990_000)
    if not with_audio:
        return mux(stream.track, None, late)[1]
    # both tracks of a session share one origin
    beside = shifted(packets, ticks=990_000 * RATE // 90_000)
    return mux(stream.track, sound, interleaved(late, beside))[1]


def write(path: Path, parts: list[Part], *, expected_fragments: int = 5) -> RecordingIndex:
    writer = RecordingWriter(path, parts[0].init, expected_fragments=expected_fragments)
    for part in parts:
        writer.append(part)
    return writer.close()


@contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """Writes beyond `size` are cut short and then refused, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def references(data: bytes) -> list[tuple[int, int, int]]:
    sidx = boxes.find(data, b"sidx")
    (count,) = struct.unpack_from(">H", data, sidx.body + 30)
    return list(struct.iter_unpack(">III", data[sidx.body + 32 : sidx.body + 32 + 12 * count]))


@pytest.mark.parametrize(
    ("codec", "b_frames"), [("h264", 0), ("h264", 2), ("hevc", 0), ("mpeg4", 0)]
)
def test_a_recording_holds_every_picture_of_the_source(
    tmp_path: Path, codec: str, b_frames: int
) -> None:
    stream = video(codec, b_frames=b_frames)

    index = write(tmp_path / "a.mp4", parts_of(stream))

    pictures = decode_file(tmp_path / "a.mp4")
    assert [luma(picture) for picture in pictures] == decode_annex_b(stream)
    assert index.duration_90k == 50 * 3600


def test_a_recording_starts_at_zero_and_lasts_as_long_as_its_frames(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", parts_of(video()))

    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.start_time == 0
        assert container.duration == pytest.approx(2_000_000, abs=64_000)
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    assert [picture.pts for picture in decode_file(tmp_path / "a.mp4")] == [
        3600 * number for number in range(50)
    ]


def test_decode_times_go_on_without_a_gap_in_each_track(tmp_path: Path) -> None:
    parts = parts_of(video())
    write(tmp_path / "a.mp4", parts)
    data = (tmp_path / "a.mp4").read_bytes()

    expected = {1: 0, 2: 0}
    for moof in [box for box in boxes.walk(data) if box.kind == b"moof"]:
        for run in boxes.runs(data, start=moof.start):
            assert run.base_decode_time == expected[run.track_id]
            expected[run.track_id] += run.duration
    assert expected == {1: 180_000, 2: pytest.approx(2 * RATE, abs=1024)}


def test_seeking_leads_to_the_keyframe_before(tmp_path: Path) -> None:
    stream = video()
    write(tmp_path / "a.mp4", parts_of(stream))

    with av.open(str(tmp_path / "a.mp4")) as container:
        container.seek(1_300_000)  # 1.3 s; keyframes are 0.4 s apart
        picture = next(container.decode(video=0))

    assert picture.pts == 30 * 3600
    assert luma(picture) == decode_annex_b(stream)[30]


def test_closing_writes_the_length_and_an_index_that_ends_at_the_first_part(
    tmp_path: Path,
) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    data = (tmp_path / "a.mp4").read_bytes()

    kinds = [box.kind for box in boxes.walk(data)]
    assert kinds[:5] == [b"ftyp", b"moov", b"free", b"sidx", b"moof"]
    mvex = boxes.find(data, b"moov", b"mvex")
    first = next(boxes.walk(data, mvex.body, mvex.end))
    assert (first.kind, data[first.body + 4 : first.end]) == (b"mehd", (2000).to_bytes(8, "big"))
    rows = references(data)
    assert [(size, duration) for size, duration, _ in rows] == [
        (fragment.bytes, fragment.duration_90k) for fragment in index.fragments
    ]
    assert {flags for _, _, flags in rows} == {0x9000_0000}
    assert boxes.find(data, b"sidx").end == index.fragments[0].offset
    assert index.fragments[0].offset + sum(size for size, _, _ in rows) == len(data) == index.bytes


def test_each_fragment_begins_with_a_keyframe(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    data = (tmp_path / "a.mp4").read_bytes()

    assert len(index.fragments) == 5
    for fragment in index.fragments:
        assert boxes.runs(data, start=fragment.offset)[0].is_sync[0]
        assert fragment.duration_90k == 36_000


def test_more_keyframes_than_expected_share_references(tmp_path: Path) -> None:
    stream = video(frames=60, gop=2)

    index = write(tmp_path / "a.mp4", parts_of(stream), expected_fragments=1)

    rows = references((tmp_path / "a.mp4").read_bytes())
    assert len(index.fragments) == 30
    assert len(rows) == 8  # four keyframes each: nine references have room
    assert index.fragments[0].offset + sum(size for size, _, _ in rows) == index.bytes
    assert sum(duration for _, duration, _ in rows) == index.duration_90k


def test_a_file_is_readable_before_it_is_closed(tmp_path: Path) -> None:
    stream = video()
    parts = parts_of(stream)
    writer = RecordingWriter(tmp_path / "a.mp4", parts[0].init, expected_fragments=5)
    for part in parts[:6]:
        writer.append(part)

    pictures = decode_file(tmp_path / "a.mp4")
    index = read_index(tmp_path / "a.mp4")
    writer.abandon()

    assert [luma(picture) for picture in pictures] == decode_annex_b(stream)[:30]
    assert index is not None
    assert (index.bytes, index.duration_90k) == (writer.bytes, writer.duration_90k)


def test_a_second_recording_of_a_session_starts_at_zero_too(tmp_path: Path) -> None:
    parts = parts_of(video())
    second = next(at for at, part in enumerate(parts) if at and part.is_keyframe_start)

    write(tmp_path / "b.mp4", parts[second:])

    with av.open(str(tmp_path / "b.mp4")) as container:
        assert container.start_time == 0
        sound = next(container.demux(audio=0))
        assert sound.pts in range(1024)


def test_parts_of_other_parameters_are_refused(tmp_path: Path) -> None:
    parts, others = parts_of(video()), parts_of(video(frames=20, width=96))
    writer = RecordingWriter(tmp_path / "a.mp4", parts[0].init, expected_fragments=5)

    with pytest.raises(WrongInitSegmentError):
        writer.append(others[0])

    writer.abandon()


def test_a_full_disk_leaves_the_whole_parts_and_the_file_can_be_closed(tmp_path: Path) -> None:
    stream = video()
    parts = parts_of(stream)
    writer = RecordingWriter(tmp_path / "a.mp4", parts[0].init, expected_fragments=5)
    for part in parts[:4]:
        writer.append(part)

    with disk_full_at(writer.bytes + 100), pytest.raises(OSError, match="File too large"):
        writer.append(parts[4])

    assert (tmp_path / "a.mp4").stat().st_size == writer.bytes
    index = writer.close()
    assert index == read_index(tmp_path / "a.mp4")
    pictures = decode_file(tmp_path / "a.mp4")
    assert [luma(picture) for picture in pictures] == decode_annex_b(stream)[:20]


def test_the_part_that_was_refused_may_be_written_again(tmp_path: Path) -> None:
    stream = video()
    parts = parts_of(stream)
    writer = RecordingWriter(tmp_path / "a.mp4", parts[0].init, expected_fragments=5)
    writer.append(parts[0])
    with disk_full_at(writer.bytes + 100), pytest.raises(OSError, match="File too large"):
        writer.append(parts[1])

    for part in parts[1:]:
        writer.append(part)
    writer.close()

    assert len(decode_file(tmp_path / "a.mp4")) == 50


def test_a_disk_that_is_full_at_the_start_is_told(tmp_path: Path) -> None:
    parts = parts_of(video())

    with disk_full_at(100), pytest.raises(OSError, match="File too large"):
        RecordingWriter(tmp_path / "a.mp4", parts[0].init, expected_fragments=5)


def test_a_file_cut_off_at_any_byte_is_recovered_up_to_its_last_whole_part(
    tmp_path: Path,
) -> None:
    stream = video(frames=20, gop=10)
    parts = parts_of(stream)
    path = tmp_path / "a.mp4"
    writer = RecordingWriter(path, parts[0].init, expected_fragments=2)
    ends = [writer.bytes]
    for part in parts:
        writer.append(part)
        ends.append(writer.bytes)
    writer.abandon()
    whole = path.read_bytes()
    source = decode_annex_b(stream)
    seen: dict[bytes, int] = {}

    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        count = sum(end <= size for end in ends) - 1
        index = recover(path)
        if count < 1:
            assert index is None
            assert path.stat().st_size == size
            continue
        assert index is not None
        assert index.bytes == path.stat().st_size == ends[count]
        seen[path.read_bytes()] = count

    assert sorted(seen.values()) == list(range(1, len(parts) + 1))
    for data, count in seen.items():
        assert [luma(picture) for picture in decode_file(data)] == source[: 5 * count]


def test_recovery_gives_the_file_that_closing_would_have_given(tmp_path: Path) -> None:
    parts = parts_of(video())
    closed = write(tmp_path / "closed.mp4", parts)
    writer = RecordingWriter(tmp_path / "killed.mp4", parts[0].init, expected_fragments=5)
    for part in parts:
        writer.append(part)
    writer.abandon()

    recovered = recover(tmp_path / "killed.mp4")

    assert recovered == closed
    assert closed.init_sha256 == parts[0].init.sha256
    assert (tmp_path / "killed.mp4").read_bytes() == (tmp_path / "closed.mp4").read_bytes()


def test_recovery_of_a_finished_file_changes_nothing(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video(b_frames=2)))
    before = (tmp_path / "a.mp4").read_bytes()

    assert recover(tmp_path / "a.mp4") == index
    assert recover(tmp_path / "a.mp4") == index
    assert (tmp_path / "a.mp4").read_bytes() == before


@pytest.mark.parametrize("torn", ["length", "index", "reserve"])
def test_recovery_repeats_a_finalisation_that_was_interrupted(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "a.mp4"
    index = write(path, parts_of(video()))
    finished = path.read_bytes()
    data = bytearray(finished)
    mehd = boxes.find(finished, b"moov", b"mvex", b"mehd")
    sidx = boxes.find(finished, b"sidx")
    if torn == "length":
        data[mehd.start : mehd.end] = struct.pack(">I4s12x", 20, b"free")
    elif torn == "index":
        reserve = sidx.end - index.init_bytes
        data[index.init_bytes : sidx.end] = struct.pack(">I4s", reserve, b"free").ljust(
            reserve, b"\0"
        )
    else:
        data[sidx.start : sidx.start + 20] = bytes(20)
    path.write_bytes(data)

    assert recover(path) == index
    assert path.read_bytes() == finished


@pytest.mark.parametrize("content", [b"", b"\0" * 4000, b"\0\0\0\x08free", b"no recording at all"])
def test_what_is_no_recording_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)

    assert recover(tmp_path / "a.mp4") is None
    assert read_index(tmp_path / "a.mp4") is None
    assert (tmp_path / "a.mp4").read_bytes() == content


def test_zeros_that_a_power_cut_left_behind_are_cut_off(tmp_path: Path) -> None:
    index = write(tmp_path / "a.mp4", parts_of(video()))
    with (tmp_path / "a.mp4").open("ab") as file:
        file.write(bytes(5000))

    assert recover(tmp_path / "a.mp4") == index
    assert (tmp_path / "a.mp4").stat().st_size == index.bytes
